//! Files and folders, with errors that name them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::block;
use crate::toolchain::{compiler, root};

pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file, in a folder that is made if it is not there.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), String> {
    make(path.parent().unwrap_or(path))?;
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Puts `text` into the block `name` of a page.
pub(crate) fn update(page: &Path, name: &str, text: &str) -> Result<(), String> {
    let old = read(page)?;
    let [head, _, tail] = parts(page, &old, name)?;
    write(page, format!("{head}{text}{tail}"))
}

/// Figures of a page that depend on the compiler.
pub(crate) struct Measured<'a> {
    pub(crate) page: &'a str,
    /// The block.
    pub(crate) name: &'a str,
    pub(crate) table: String,
    /// What the programs were compiled for.
    pub(crate) target: &'a str,
    /// How far a figure may be from this one of the page.
    pub(crate) tolerance: fn(f64) -> f64,
}

impl Measured<'_> {
    /// As [`update`] when `XTASK_UPDATE` is set; otherwise an error when the page has other figures of the same compiler. Those of
    /// another compiler cannot be compared: the new ones are shown.
    pub(crate) fn hold(&self) -> Result<(), String> {
        let Self { page, name, table, target, tolerance } = self;
        let compiler = compiler(target)?;
        let compiled = format!("\nCompiled by {compiler}.\n");
        let path = root().join(page);
        if std::env::var_os("XTASK_UPDATE").is_some() {
            return update(&path, name, &format!("{table}{compiled}"));
        }
        let text = read(&path)?;
        let [_, written, _] = parts(&path, &text, name)?;
        match written.strip_suffix(compiled.as_str()) {
            Some(written) if is_close(table, written, *tolerance) => Ok(()),
            Some(_) => Err(format!("{page} has other figures for {name}; XTASK_UPDATE=1 writes these:\n{table}")),
            None => {
                println!("# {page} has no figures of {compiler} for {name}, which gets these:\n{table}");
                Ok(())
            }
        }
    }
}

/// Whether a table has the cells of the page's, numbers within `tolerance`.
fn is_close(table: &str, written: &str, tolerance: fn(f64) -> f64) -> bool {
    let number = |cell: &str| cell.trim().parse::<f64>();
    let is_close = |(cell, written): (&str, &str)| match (number(cell), number(written)) {
        (Ok(cell), Ok(written)) => (cell - written).abs() <= tolerance(written),
        _ => cell == written,
    };
    let (cells, page) = (table.split('|'), written.split('|'));
    cells.clone().count() == page.clone().count() && cells.zip(page).all(is_close)
}

/// Writes into `docs/security.md` when a command last ran and how many tests passed, if `XTASK_UPDATE` is set.
pub(crate) fn passed(name: &str, command: &str, what: &str, printed: &str) -> Result<(), String> {
    if std::env::var_os("XTASK_UPDATE").is_none() {
        return Ok(());
    }
    let line = format!("- `{command}`, {}: {} {what}, no report.\n", block::today(), count_passed(printed));
    update(&root().join("docs/security.md"), name, &line)
}

/// How many tests passed, by what test programs print.
pub(crate) fn count_passed(printed: &str) -> u32 {
    let of_program = |line: &str| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u32>().ok();
    printed.lines().filter_map(of_program).sum()
}

fn parts<'p>(page: &Path, text: &'p str, name: &str) -> Result<[&'p str; 3], String> {
    block::parts(text, name).ok_or_else(|| format!("{}: the marks of {name} are missing", page.display()))
}

/// Makes a folder and those that it lies in.
pub(crate) fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Adds the files of a folder, and of the folders in it, to `all`.
pub(crate) fn collect(folder: &Path, all: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() { collect(&path, all)? } else { all.push(path) }
    }
    Ok(())
}

/// Removes a folder if it is there.
pub(crate) fn remove(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_close;

    #[test]
    fn tables_with_other_figures_are_told_apart() {
        let table = |bytes: &str| format!("| program | bytes |\n|---|--:|\n| int8 weights | {bytes} |\n");
        let written = table("48695");
        assert!(is_close(&table("48951"), &written, |_| 256.0));
        assert!(!is_close(&table("48952"), &written, |_| 256.0));
        assert!(is_close(&table("49181"), &written, |figure| figure * 0.01));
        assert!(!is_close(&table("49183"), &written, |figure| figure * 0.01));
        assert!(!is_close(&table("48696"), &written, |_| 0.0));
        assert!(!is_close(&written.replace("int8", "int4"), &written, |_| 256.0));
        assert!(!is_close(&(written.clone() + "| more | 1 |\n"), &written, |_| 256.0));
    }
}
