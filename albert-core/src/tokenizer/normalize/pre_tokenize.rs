//! Pre-tokenization: words are marked in the segment.

use crate::slices::ruled_out;
use crate::tokenizer::memory::char_buffer::{ADDED, CharBuffer, Character, START};
use crate::tokenizer::memory::workspace::Shortage;
use crate::tokenizer::tables::section::prepend;
use crate::tokenizer::tables::{CodePointTable, Step, is_white_space};

/// Marks where words begin. The first character is marked when the segment begins the text between two added tokens.
pub(crate) fn run<'m>(
    steps: impl Iterator<Item = Step<'m>>,
    chars: &mut CharBuffer<'_>,
    begins: bool,
) -> Result<(), Shortage> {
    if begins && let Some(first) = chars.all().first_mut() {
        first.code |= START;
    }
    for step in steps {
        match step {
            Step::Whitespace => whitespace(chars),
            Step::Metaspace { blank, prepend, split } => metaspace(blank, prepend, split, chars)?,
            Step::Punctuation { table } => punctuation(&table, chars),
        }
    }
    Ok(())
}

fn whitespace(chars: &mut CharBuffer<'_>) {
    let all = chars.all();
    let (mut written, mut start) = (0, 0);
    for index in 0..all.len() {
        let Some(&character) = all.get(index) else {
            ruled_out();
            break;
        };
        if is_white_space(character.code & !START) {
            start = START;
        } else if let Some(slot) = all.get_mut(written) {
            *slot = Character { code: character.code | start, ..character };
            written += 1;
            start = 0;
        }
    }
    chars.truncate(written);
}

fn metaspace(blank: u32, prepend: u32, split: bool, chars: &mut CharBuffer<'_>) -> Result<(), Shortage> {
    let begin = if split { START } else { 0 };
    for index in 0..chars.len() {
        let Some(Character { code, start, end }) = chars.get(index) else {
            ruled_out();
            break;
        };
        if code & ADDED != 0 {
            chars.push(code, start, end)?;
            continue;
        }
        let first = code & START;
        let code = if code & !START == 0x20 { blank } else { code & !START };
        let wanted = prepend == prepend::ALWAYS || (prepend == prepend::FIRST && start == 0);
        if first != 0 && code != blank && wanted {
            chars.push(blank | START, start, end)?;
            chars.push(code, start, end)?;
        } else {
            chars.push(code | first | if code == blank { begin } else { 0 }, start, end)?;
        }
    }
    chars.commit();
    Ok(())
}

fn punctuation(table: &CodePointTable<'_>, chars: &mut CharBuffer<'_>) {
    let mut after = 0;
    for character in chars.all() {
        let isolated = if table.get(character.code & !START) != 0 { START } else { 0 };
        character.code |= isolated | after;
        after = isolated;
    }
}
