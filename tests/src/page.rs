//! Tables of the documents that tests measure.

use std::fs;

use crate::readme::root;

/// Writes `table` between the marks `<!-- NAME -->` and `<!-- end NAME -->` of `docs/PAGE` when `ALBERT_WRITE_DOCS` is set.
///
/// # Panics
/// When the page cannot be read or written, or the marks are not there.
pub fn write(page: &str, name: &str, table: &str) {
    if std::env::var_os("ALBERT_WRITE_DOCS").is_none() {
        return;
    }
    let path = root().join("docs").join(page);
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parts = text.split_once(&start).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) = parts.unwrap_or_else(|| panic!("{page}: the marks of {name} are missing"));
    fs::write(&path, format!("{head}{start}{table}{end}{tail}")).unwrap_or_else(|error| panic!("{page}: {error}"));
}
