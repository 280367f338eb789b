//! What `docs/platforms.md` says of archives.

use std::fs;
use std::path::Path;

use super::Speed;
use super::platform::PLATFORMS;
use crate::block::{parts, today};
use crate::files::{read, update};
use crate::toolchain::root;

const BLOCK: &str = "archives";
const HEAD: &str = "| target | archive, MB | its command and C programs | on |\n|---|--:|---|---|\n";

/// Renews the row of an archive, if `XTASK_UPDATE` is set. The rows of the other targets stay.
pub(super) fn note(target: &str, speed: Speed, archive: &Path, ran: bool) -> Result<(), String> {
    if std::env::var_os("XTASK_UPDATE").is_none() {
        return Ok(());
    }
    let size = match speed {
        Speed::Unoptimized => "unoptimized".to_owned(),
        Speed::Release => {
            let bytes = fs::metadata(archive).map_err(|error| format!("{}: {error}", archive.display()))?.len();
            let tenths = bytes.div_ceil(100_000);
            format!("{}.{}", tenths / 10, tenths % 10)
        }
    };
    let shown = if ran { "linked, run" } else { "linked" };
    let row = format!("| `{target}` | {size} | {shown} | {} |\n", today());
    let page = root().join("docs/platforms.md");
    let text = read(&page)?;
    let [_, old, _] = parts(&text, BLOCK).ok_or_else(|| format!("{}: no block {BLOCK}", page.display()))?;
    update(&page, BLOCK, &renewed(old, target, &row))
}

/// The table with another row for a target, in the order of the platforms.
fn renewed(old: &str, target: &str, row: &str) -> String {
    let rows = PLATFORMS.iter().filter_map(|platform| {
        let start = format!("| `{}` |", platform.target);
        let old = || old.lines().find(|line| line.starts_with(&start)).map(|line| format!("{line}\n"));
        if platform.target == target { Some(row.to_owned()) } else { old() }
    });
    HEAD.to_owned() + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::{HEAD, renewed};

    #[test]
    fn one_row_is_renewed_and_others_stay() {
        let (first, second) = ("| `x86_64-unknown-linux-gnu` | 1.0 |\n", "| `aarch64-apple-darwin` | 2.0 |\n");
        let table = renewed("", "aarch64-apple-darwin", second);
        assert_eq!(table, format!("{HEAD}{second}"));
        let table = renewed(&table, "x86_64-unknown-linux-gnu", first);
        assert_eq!(table, format!("{HEAD}{first}{second}"));
        let newer = "| `aarch64-apple-darwin` | 3.0 |\n";
        assert_eq!(renewed(&table, "aarch64-apple-darwin", newer), format!("{HEAD}{first}{newer}"));
    }
}
