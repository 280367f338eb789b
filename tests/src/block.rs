//! Blocks of the documents that commands write: `<!-- begin NAME: made by COMMAND -->`, what the command wrote, `<!-- end NAME -->`.
//! `benches/blocks.py` is the same for programs in Python; `xtask` has this file, too.

use std::process::Command;

/// A page up to the block of this name, its first mark included; what is in the block; and the rest, from its last mark on.
#[must_use]
pub fn parts<'p>(page: &'p str, name: &str) -> Option<[&'p str; 3]> {
    let mark = page.find(&format!("<!-- begin {name}: made by "))?;
    let start = mark + page[mark..].find('\n')? + 1;
    let end = start + page[start..].find(&format!("<!-- end {name} -->"))?;
    Some([&page[..start], &page[start..end], &page[end..]])
}

/// Today's date, as the documents write it.
#[must_use]
pub fn today() -> String {
    let date = Command::new("date").args(["-u", "+%-d %B %Y"]).output();
    date.map_or_else(|_| "an unknown day".to_owned(), |date| String::from_utf8_lossy(&date.stdout).trim().to_owned())
}
