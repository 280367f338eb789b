//! Files and folders, with errors that name them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file, in a folder that is made if it is not there.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), String> {
    make(path.parent().unwrap_or(path))?;
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Puts `table` between the marks of `name` in a page: `<!-- NAME -->` and `<!-- end NAME -->`.
pub(crate) fn update(page: &Path, name: &str, table: &str) -> Result<(), String> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
    let text = read(page)?;
    let parts = text.split_once(&start).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("{}: the marks of {name} are missing", page.display()))?;
    write(page, format!("{head}{start}{table}{end}{tail}"))
}

/// As [`update`] when `XTASK_UPDATE` is set; otherwise says when the page has another table. Another compiler moves such figures.
pub(crate) fn measured(page: &Path, name: &str, table: &str) -> Result<(), String> {
    if std::env::var_os("XTASK_UPDATE").is_some() {
        return update(page, name, table);
    }
    if !read(page)?.contains(&format!("<!-- {name} -->\n{table}<!-- end {name} -->")) {
        println!("# {} has other figures; XTASK_UPDATE=1 writes these:\n{table}", page.display());
    }
    Ok(())
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
