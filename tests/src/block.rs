//! Blocks of the documents that commands write: `<!-- begin NAME: made by COMMAND -->`, what the command wrote, `<!-- end NAME -->`.
//! `benches/blocks.py` is the same for programs in Python; `xtask` has this file, too.

use std::fs;
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

/// What Linux calls the processor, and how many cores there are: as `processor` of `benches/blocks.py`.
#[must_use]
pub fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let fields =
        || text.lines().filter_map(|line| line.split_once(':').map(|(name, value)| (name.trim(), value.trim())));
    let first = |wanted: &str| fields().find(|&(name, _)| name == wanted).map(|(_, value)| value);
    let Some(name) = first("model name") else { return "an unknown processor".to_owned() };
    let family = first("cpu family").zip(first("model"));
    let family = family.map_or_else(String::new, |(family, model)| format!(", family {family} model {model}"));
    let cores = fields().filter(|&(name, _)| name == "model name").count();
    let is_guest = first("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
    format!("{name}{family} ({cores} cores{})", if is_guest { ", a virtual machine" } else { "" })
}
