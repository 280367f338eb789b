//! Unicode data as the reference's libraries have it.
//!
//! Decomposition, combining classes and marks are those of `unicode-normalization-alignments`, general categories those of
//! `unicode_categories`, grapheme clusters those of `unicode-segmentation`: the crates that `tokenizers` is built on. The
//! original ALBERT tokenizer takes them from Python, for which `unicode-normalization` stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use albert_core::tokenizer::section::grapheme;
use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::char as reference;
use unicode_segmentation::UnicodeSegmentation;

use super::code_points::{CodePointSet, Map};

/// What a function of characters does to all of them. Going through them takes a good part of the time that compiling a
/// tokenizer takes, so each of these is found out once in a process.
pub(super) type Table = LazyLock<Map>;

pub(super) static CANONICAL: Table = Table::new(|| Map::of(|code| decompose(code, false)));
pub(super) static COMPATIBILITY: Table = Table::new(|| Map::of(|code| decompose(code, true)));
pub(super) static LOWERCASE: Table = Table::new(|| Map::of(lowercase));
/// Without marks.
pub(super) static NO_MARKS: Table = Table::new(|| dropping(is_mark));
/// Without nonspacing marks.
pub(super) static NO_NONSPACING_MARKS: Table = Table::new(|| dropping(is_nonspacing_mark));
/// Without what `BertNormalizer` removes.
pub(super) static NO_BERT_CONTROLS: Table =
    Table::new(|| dropping(|code| matches!(code, '\0' | '\u{fffd}') || is_bert_control(code)));
/// Compatibility decomposition without combining characters, by the current version of Unicode.
pub(super) static NO_ACCENTS: Table = Table::new(|| Map::of(without_accents));

/// Combining classes that are not 0.
pub(super) static COMBINING_CLASSES: LazyLock<BTreeMap<u32, u16>> =
    LazyLock::new(|| numbers(|code| u16::from(combining_class(code))));
/// 1 for word characters of regular expressions (`\w`).
pub(super) static WORD_CHARACTERS: LazyLock<BTreeMap<u32, u16>> = LazyLock::new(|| {
    let Ok(word) = regex::Regex::new(r"^\w$") else { return BTreeMap::new() };
    numbers(|code| word.is_match(code.encode_utf8(&mut [0; 4])).into())
});
/// 1 for what `BertPreTokenizer` isolates.
pub(super) static BERT_PUNCTUATION: LazyLock<BTreeMap<u32, u16>> =
    LazyLock::new(|| numbers(|code| (code.is_ascii_punctuation() || code.is_punctuation()).into()));
/// Grapheme categories other than [`grapheme::ANY`].
static GRAPHEME_CATEGORIES: LazyLock<BTreeMap<u32, u16>> = LazyLock::new(|| numbers(grapheme_category));
/// What goes on the cluster of what comes before it.
pub(super) static EXTENDERS: LazyLock<Vec<char>> =
    LazyLock::new(|| ('\0'..=char::MAX).filter(|&code| is_cluster(&format!("a{code}"))).collect());
/// Every pair that composes and what it becomes, Hangul left out.
pub(super) static COMPOSITIONS: LazyLock<Vec<[u32; 3]>> = LazyLock::new(compositions);

/// The characters for which a function is not 0.
fn numbers(of: impl Fn(char) -> u16) -> BTreeMap<u32, u16> {
    let all = ('\0'..=char::MAX).map(|code| (u32::from(code), of(code)));
    all.filter(|&(_, number)| number != 0).collect()
}

fn dropping(dropped: impl Fn(char) -> bool) -> Map {
    Map::of(|code| if dropped(code) { Vec::new() } else { vec![u32::from(code)] })
}

/// Full decomposition, canonical or compatibility.
fn decompose(code: char, compatibility: bool) -> Vec<u32> {
    let mut result = Vec::new();
    let push = |code: char| result.push(u32::from(code));
    if compatibility {
        reference::decompose_compatible(code, push)
    } else {
        reference::decompose_canonical(code, push)
    }
    result
}

fn combining_class(code: char) -> u8 {
    reference::canonical_combining_class(code)
}

/// General category Mark.
fn is_mark(code: char) -> bool {
    reference::is_combining_mark(code)
}

/// General category Nonspacing_Mark.
fn is_nonspacing_mark(code: char) -> bool {
    code.is_mark_nonspacing()
}

/// What `BertNormalizer` removes as control characters.
fn is_bert_control(code: char) -> bool {
    !matches!(code, '\t' | '\n' | '\r') && code.is_other()
}

/// Compatibility decomposition without combining characters, by the current version of Unicode.
fn without_accents(code: char) -> Vec<u32> {
    let mut result = Vec::new();
    unicode_normalization::char::decompose_compatible(code, |code| {
        if unicode_normalization::char::canonical_combining_class(code) == 0 {
            result.push(u32::from(code));
        }
    });
    result
}

fn lowercase(code: char) -> Vec<u32> {
    code.to_lowercase().map(u32::from).collect()
}

/// See [`COMPOSITIONS`].
fn compositions() -> Vec<[u32; 3]> {
    let (mut firsts, mut seconds) = (BTreeSet::new(), BTreeSet::new());
    for (&code, parts) in CANONICAL.0.iter() {
        let parts = parts.iter().filter_map(|&part| char::from_u32(part));
        let Some(code) = char::from_u32(code).filter(|code| !is_hangul(*code)) else { continue };
        firsts.insert(code);
        firsts.extend(parts.clone());
        seconds.extend(parts.skip(1));
    }
    let pairs = firsts.iter().flat_map(|&first| seconds.iter().map(move |&second| (first, second)));
    let composed = pairs.filter_map(|(first, second)| {
        Some([u32::from(first), u32::from(second), u32::from(reference::compose(first, second)?)])
    });
    composed.collect()
}

fn is_hangul(code: char) -> bool {
    matches!(u32::from(code), 0xac00..0xd7a4)
}

/// Whether a text is one extended grapheme cluster.
pub(super) fn is_cluster(text: &str) -> bool {
    text.graphemes(true).next() == Some(text)
}

/// Whether what comes after a code point goes on its cluster.
pub(super) fn prepends(code: char) -> bool {
    is_cluster(&format!("{code}a"))
}

/// Grapheme categories of a set, found by how clusters form around each code point.
///
/// Only clusters that begin with a key matter. When keys are single characters and none is of a category that joins only with
/// its like (Hangul, flags, pictographs, Indic conjuncts), those categories are left out.
pub(super) fn grapheme_categories<'k>(
    set: &CodePointSet,
    keys: impl Iterator<Item = &'k Vec<u8>>,
) -> BTreeMap<u32, u16> {
    let joins_alike = |category: u16| {
        !matches!(
            category & grapheme::CATEGORY,
            grapheme::CONTROL | grapheme::EXTEND | grapheme::ZWJ | grapheme::SPACING_MARK | grapheme::PREPEND
        )
    };
    let all = keys.into_iter().any(|key| match std::str::from_utf8(key) {
        Ok(text) => {
            let mut codes = text.chars();
            let first = codes.next().map_or(grapheme::ANY, grapheme_category);
            codes.next().is_some() || (first != grapheme::ANY && joins_alike(first))
        }
        Err(_) => true,
    });
    let reached = GRAPHEME_CATEGORIES.iter().filter(|&(&code, _)| code >= 0x7f && set.contains(code));
    reached.filter(|&(_, &value)| all || !joins_alike(value)).map(|(&code, &value)| (code, value)).collect()
}

fn grapheme_category(code: char) -> u16 {
    let one = |before: &str, after: &str| is_cluster(&format!("{before}{code}{after}"));
    let category = match u32::from(code) {
        0x200d => grapheme::ZWJ,
        0x1f1e6..=0x1f1ff => grapheme::REGIONAL,
        _ if one("a", "") => {
            // An extender leaves the way to a joiner open.
            if one("\u{1f600}", "\u{200d}\u{1f600}") { grapheme::EXTEND } else { grapheme::SPACING_MARK }
        }
        _ if prepends(code) => grapheme::PREPEND,
        _ if !one("\u{600}", "") => grapheme::CONTROL,
        _ if one("", "\u{1100}") => grapheme::L,
        _ if one("", "\u{1161}") => {
            if one("\u{ac00}", "") {
                grapheme::V
            } else {
                grapheme::LV
            }
        }
        _ if one("", "\u{11a8}") => {
            if one("\u{ac00}", "") {
                grapheme::T
            } else {
                grapheme::LVT
            }
        }
        _ if one("\u{1f600}\u{200d}", "") => grapheme::PICTOGRAPHIC,
        _ if one("\u{915}\u{94d}", "") => grapheme::CONSONANT,
        _ => grapheme::ANY,
    };
    let mut value = category;
    if one("\u{915}", "\u{915}") {
        value |= grapheme::LINKER;
    }
    if one("\u{915}\u{94d}", "\u{915}") {
        value |= grapheme::CONJUNCT_EXTEND;
    }
    value
}
