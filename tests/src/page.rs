//! Tables of the documents that tests measure: written by them on demand, and held to what they measure.

use std::path::PathBuf;
use std::sync::Mutex;
use std::{fs, iter};

use crate::block;
use crate::readme::root;

/// Writes `table` into the [block] `name` of `docs/PAGE` when `ALBERT_WRITE_DOCS` is set.
///
/// # Panics
/// When the page cannot be read or written, or the marks are not there.
pub fn write(page: &str, name: &str, table: &str) {
    if std::env::var_os("ALBERT_WRITE_DOCS").is_none() {
        return;
    }
    static WRITES: Mutex<()> = Mutex::new(());
    let _alone = WRITES.lock();
    let [head, _, tail] = parts(page, name);
    fs::write(path(page), format!("{head}{table}{tail}")).unwrap_or_else(|error| panic!("{page}: {error}"));
}

/// Writes `rows` under a table's head as [`write()`] does, or holds the page to them: the same rows, their numbers no further away than
/// another processor's order of additions moves them.
///
/// # Panics
/// When the page has other rows; what is printed is what it should have.
pub fn hold(page: &str, name: &str, head: &str, rows: &[String]) {
    hold_by(page, name, head, rows, is_near);
}

/// As [`hold`], to the letter: for figures that are the same on every processor.
///
/// # Panics
/// As [`hold`].
pub fn hold_exactly(page: &str, name: &str, head: &str, rows: &[String]) {
    hold_by(page, name, head, rows, |written, measured| written == measured);
}

fn hold_by(page: &str, name: &str, head: &str, rows: &[String], same: fn(&str, &str) -> bool) {
    let table: String = iter::once(head).chain(rows.iter().map(String::as_str)).map(|row| format!("{row}\n")).collect();
    write(page, name, &table);
    let [_, written, _] = parts(page, name);
    let held = written.lines().count() == table.lines().count()
        && written.lines().zip(table.lines()).all(|(written, measured)| same(written, measured));
    assert!(held, "docs/{page} has other figures in {name} (ALBERT_WRITE_DOCS=1 writes these):\n{table}");
}

/// Whether two rows have the same words, and numbers that differ little. A number near 1 is a cosine: how far it is from 1 counts.
fn is_near(left: &str, right: &str) -> bool {
    let (left, right) = (left.split_whitespace(), right.split_whitespace());
    left.clone().count() == right.clone().count()
        && left.zip(right).all(|(left, right)| match (left.parse::<f64>(), right.parse::<f64>()) {
            (Ok(left), Ok(right)) if left.fract() == 0.0 && right.fract() == 0.0 => left == right,
            (Ok(left), Ok(right)) if left > 0.9 && right > 0.9 && right <= 1.0 => {
                (left - right).abs() <= 2e-5 + 0.25 * (1.0 - left)
            }
            (Ok(left), Ok(right)) => left <= 2.0 * right && right <= 2.0 * left,
            _ => left == right,
        })
}

/// The page before the rows of a block, these rows, and the page after them.
fn parts(page: &str, name: &str) -> [String; 3] {
    let text = fs::read_to_string(path(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    block::parts(&text, name).unwrap_or_else(|| panic!("{page}: the marks of {name} are missing")).map(str::to_owned)
}

fn path(page: &str) -> PathBuf {
    root().join("docs").join(page)
}
