//! Pre-tokenization: words are marked in the items.

use super::items::{ADDED, Item, Items, START};
use super::lookup::CodePoints;
use super::normalizer::is_white_space;
use super::section::prepend;
use super::workspace::Need;

/// A pre-tokenizer step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'m> {
    Whitespace,
    Metaspace { blank: u32, prepend: u32, split: bool },
    Punctuation { table: CodePoints<'m> },
}

/// Marks where words begin. The first item is marked when the stretch begins the text between two added tokens.
pub(super) fn run<'m>(steps: impl Iterator<Item = Step<'m>>, items: &mut Items<'_>, begins: bool) -> Result<(), Need> {
    if begins && let Some(first) = items.all().first_mut() {
        first.code |= START;
    }
    for step in steps {
        match step {
            Step::Whitespace => whitespace(items),
            Step::Metaspace { blank, prepend, split } => metaspace(blank, prepend, split, items)?,
            Step::Punctuation { table } => punctuation(&table, items),
        }
    }
    Ok(())
}

fn whitespace(items: &mut Items<'_>) {
    let all = items.all();
    let (mut written, mut start) = (0, 0);
    for index in 0..all.len() {
        let Some(&item) = all.get(index) else { break };
        if is_white_space(item.code & !START) {
            start = START;
        } else if let Some(slot) = all.get_mut(written) {
            *slot = Item { code: item.code | start, ..item };
            written += 1;
            start = 0;
        }
    }
    items.truncate(written);
}

fn metaspace(blank: u32, prepend: u32, split: bool, items: &mut Items<'_>) -> Result<(), Need> {
    let begin = if split { START } else { 0 };
    for index in 0..items.len() {
        let Some(Item { code, start, end }) = items.get(index) else { break };
        if code & ADDED != 0 {
            items.push(code, start, end)?;
            continue;
        }
        let first = code & START;
        let code = if code & !START == 0x20 { blank } else { code & !START };
        let wanted = prepend == prepend::ALWAYS || (prepend == prepend::FIRST && start == 0);
        if first != 0 && code != blank && wanted {
            items.push(blank | START, start, end)?;
            items.push(code, start, end)?;
        } else {
            items.push(code | first | if code == blank { begin } else { 0 }, start, end)?;
        }
    }
    items.keep();
    Ok(())
}

fn punctuation(table: &CodePoints<'_>, items: &mut Items<'_>) {
    let mut after = 0;
    for item in items.all() {
        let isolated = if table.get(item.code & !START) != 0 { START } else { 0 };
        item.code |= isolated | after;
        after = isolated;
    }
}
