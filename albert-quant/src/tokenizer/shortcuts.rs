//! Where a text may be cut before it is normalized, and what its plain ASCII becomes.

use albert_core::tokenizer::section::{prepend, sentence_piece};

use super::lower::Lowered;
use super::normalizer::PreTokenizer;
use super::{CompileError, unicode};

/// SentencePiece's usual treatment of blanks.
const ALL_BITS: u32 =
    sentence_piece::DUMMY_PREFIX | sentence_piece::REMOVE_EXTRA_BLANKS | sentence_piece::ESCAPE_BLANKS;

/// Where a text may be cut, and what its plain ASCII becomes.
#[derive(Debug, Default)]
pub(super) struct Shortcuts {
    pub(super) at_blanks: bool,
    pub(super) after_visible: bool,
    pub(super) at_ideographs: bool,
    /// The table and the mode of plain ASCII words.
    pub(super) ascii: Option<([u8; 128], u32)>,
}

/// Finds out what a pipeline allows.
pub(super) fn shortcuts(
    ops: &[Lowered],
    steps: &[PreTokenizer],
    matches_normalized: bool,
    blank: char,
) -> Result<Shortcuts, CompileError> {
    use albert_core::tokenizer::section::ascii;
    let splits_at_blanks = match steps {
        [PreTokenizer::Whitespace, ..] => true,
        [PreTokenizer::Metaspace { split, .. }, ..] => *split,
        _ => false,
    };
    let image = |code: u32| {
        ops.iter().try_fold(code, |code, op| match op {
            Lowered::Map(map) | Lowered::Decompose { map, .. } => match map.image(code).as_slice() {
                &[image] => Some(image),
                _ => None,
            },
            Lowered::Replace { pattern, .. } => {
                let mut pattern = pattern.chars().map(u32::from);
                (pattern.next() != Some(code) || pattern.next().is_some()).then_some(code)
            }
            Lowered::CollapseBlanks { .. } => Some(code),
            Lowered::Charsmap { keys, .. } => {
                let key = char::from_u32(code)?.to_string();
                (!keys
                    .0
                    .keys()
                    .any(|known| known.starts_with(key.as_bytes()) && (known.len() == key.len() || code == 0x20)))
                .then_some(code)
            }
            Lowered::SentencePiece { charsmap, symbols, bits } => {
                let key = char::from_u32(code)?.to_string();
                let known = charsmap
                    .0
                    .keys()
                    .any(|known| known.starts_with(key.as_bytes()) && (known.len() == key.len() || code == 0x20));
                let blanks = symbols.iter().any(|symbol| symbol.contains([' ', '\u{2581}']));
                (*bits == ALL_BITS && !known && !blanks).then_some(code)
            }
            Lowered::Strip { .. } | Lowered::Prepend(_) => None,
        })
    };
    let clean = ops.iter().all(|op| match op {
        Lowered::Replace { pattern, .. } => !pattern.contains(' '),
        Lowered::Charsmap { keys, .. } | Lowered::SentencePiece { charsmap: keys, .. } => keys.0.keys().all(|key| {
            let text = std::str::from_utf8(key).unwrap_or(" ");
            !text.chars().skip(1).any(|code| code == ' ') && !text.chars().next().is_some_and(unicode::prepends)
        }),
        _ => true,
    });
    if matches_normalized || !splits_at_blanks || !clean || image(0x20) != Some(0x20) {
        return Ok(Shortcuts::default());
    }
    let collapses = ops.iter().any(|op| matches!(op, Lowered::CollapseBlanks { .. } | Lowered::SentencePiece { .. }));
    let mut table = [0u8; 128];
    for byte in 0x21..0x7fu8 {
        if let Some(mapped @ 0x21..0x7f) = image(u32::from(byte)) {
            let in_pattern = ops
                .iter()
                .any(|op| matches!(op, Lowered::Replace { pattern, .. } if pattern.contains(char::from(byte))));
            table[usize::from(byte)] = mapped as u8 | if in_pattern { 0x80 } else { 0 };
        }
    }
    let plain = table[0x21..0x7f].iter().all(|&mapped| mapped != 0);
    let contents_plain = ops.iter().all(|op| match op {
        Lowered::Replace { content, .. } => !content.is_empty() && !content.contains(' '),
        _ => true,
    });
    let mode = match steps {
        [PreTokenizer::Whitespace, PreTokenizer::Metaspace { blank: own, prepend: prepend::ALWAYS, split: true }]
            if *own == blank =>
        {
            Some(ascii::BLANKS)
        }
        [PreTokenizer::Whitespace, PreTokenizer::Punctuation] => Some(ascii::PUNCTUATION),
        _ => None,
    };
    let cuts = !collapses || (plain && contents_plain);
    // A pattern that begins before an ASCII mark would be missed when text is cut there.
    let patterns = ops.iter().any(|op| matches!(op, Lowered::Replace { .. }));
    let mode = mode.filter(|&mode| cuts && !(mode == ascii::PUNCTUATION && patterns));
    Ok(Shortcuts {
        at_blanks: !collapses,
        after_visible: collapses && plain && contents_plain,
        at_ideographs: !collapses && !patterns && mode == Some(ascii::PUNCTUATION) && spaces_ideographs(ops),
        ascii: mode.map(|mode| (table, mode)),
    })
}

/// Whether every ideograph of the block U+4E00 comes out between blanks, first thing.
fn spaces_ideographs(ops: &[Lowered]) -> bool {
    match ops.first() {
        Some(Lowered::Map(map)) => (0x4e00..=0x9fff).all(|code| map.image(code) == [0x20, code, 0x20]),
        _ => false,
    }
}
