//! Files and folders, with errors that name them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::block;
use crate::toolchain::root;

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

/// As [`update`] when `XTASK_UPDATE` is set; otherwise says when the page has another text. Another compiler moves such figures.
pub(crate) fn measured(page: &Path, name: &str, text: &str) -> Result<(), String> {
    if std::env::var_os("XTASK_UPDATE").is_some() {
        return update(page, name, text);
    }
    if parts(page, &read(page)?, name)?[1] != text {
        println!("# {} has other figures; XTASK_UPDATE=1 writes these:\n{text}", page.display());
    }
    Ok(())
}

/// Writes into `docs/security.md` when a command last ran and how many tests passed, if `XTASK_UPDATE` is set.
pub(crate) fn passed(name: &str, command: &str, what: &str, printed: &str) -> Result<(), String> {
    let counts = printed
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u32>().ok());
    if std::env::var_os("XTASK_UPDATE").is_none() {
        return Ok(());
    }
    let count: u32 = counts.sum();
    let line = format!("- `{command}`, {}: {count} {what}, no report.\n", block::today());
    update(&root().join("docs/security.md"), name, &line)
}

fn parts<'p>(page: &Path, text: &'p str, name: &str) -> Result<[&'p str; 3], String> {
    block::parts(text, name).ok_or_else(|| format!("{}: the marks of {name} are missing", page.display()))
}

/// Makes a folder and those that it lies in.
pub(crate) fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Removes a folder if it is there.
pub(crate) fn remove(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}
