//! Unicode data as the reference's libraries have it.
//!
//! Decomposition, combining classes and marks are those of `unicode-normalization-alignments`, general categories those of
//! `unicode_categories`, grapheme clusters those of `unicode-segmentation`: the crates that `tokenizers` is built on. The
//! original ALBERT tokenizer takes them from Python, for which `unicode-normalization` stands.

use std::collections::{BTreeMap, BTreeSet};

use albert_core::tokenizer::section::grapheme;
use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::char as reference;
use unicode_segmentation::UnicodeSegmentation;

use super::code_points::CodePointSet;

/// Full decomposition, canonical or compatibility.
pub(super) fn decompose(code: char, compatibility: bool) -> Vec<u32> {
    let mut result = Vec::new();
    let push = |code: char| result.push(u32::from(code));
    if compatibility {
        reference::decompose_compatible(code, push)
    } else {
        reference::decompose_canonical(code, push)
    }
    result
}

pub(super) fn combining_class(code: char) -> u8 {
    reference::canonical_combining_class(code)
}

/// General category Mark.
pub(super) fn is_mark(code: char) -> bool {
    reference::is_combining_mark(code)
}

/// General category Nonspacing_Mark.
pub(super) fn is_nonspacing_mark(code: char) -> bool {
    code.is_mark_nonspacing()
}

/// What `BertNormalizer` removes as control characters.
pub(super) fn is_bert_control(code: char) -> bool {
    !matches!(code, '\t' | '\n' | '\r') && code.is_other()
}

/// What `BertPreTokenizer` isolates.
pub(super) fn is_bert_punctuation(code: char) -> bool {
    code.is_ascii_punctuation() || code.is_punctuation()
}

/// Compatibility decomposition without combining characters, by the current version of Unicode.
pub(super) fn without_accents(code: char) -> Vec<u32> {
    let mut result = Vec::new();
    unicode_normalization::char::decompose_compatible(code, |code| {
        if unicode_normalization::char::canonical_combining_class(code) == 0 {
            result.push(u32::from(code));
        }
    });
    result
}

pub(super) fn lowercase(code: char) -> Vec<u32> {
    code.to_lowercase().map(u32::from).collect()
}

/// Every pair that composes, Hangul left out.
pub(super) fn compositions() -> Vec<[u32; 3]> {
    let (mut firsts, mut seconds) = (BTreeSet::new(), BTreeSet::new());
    for code in CodePointSet::all().iter().filter_map(char::from_u32).filter(|code| !is_hangul(*code)) {
        let parts = decompose(code, false);
        if parts != [u32::from(code)] {
            firsts.insert(code);
            firsts.extend(parts.iter().filter_map(|&part| char::from_u32(part)));
            seconds.extend(parts.iter().skip(1).filter_map(|&part| char::from_u32(part)));
        }
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

/// Word characters of regular expressions (`\w`).
pub(super) fn word_characters() -> BTreeMap<u32, u16> {
    let Ok(word) = regex::Regex::new(r"^\w$") else { return BTreeMap::new() };
    let is_word = |code: &u32| char::from_u32(*code).is_some_and(|code| word.is_match(code.encode_utf8(&mut [0; 4])));
    CodePointSet::all().iter().filter(is_word).map(|code| (code, 1)).collect()
}

/// Whether a text is one extended grapheme cluster.
pub(super) fn is_cluster(text: &str) -> bool {
    text.graphemes(true).next() == Some(text)
}

/// Whether a code point goes on the cluster of what comes before it.
pub(super) fn extends(code: char) -> bool {
    is_cluster(&format!("a{code}"))
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
    let categories = set.iter().filter(|&code| code >= 0x7f).filter_map(|code| {
        let value = grapheme_category(char::from_u32(code)?);
        (value != grapheme::ANY && (all || !joins_alike(value))).then_some((code, value))
    });
    categories.collect()
}

fn grapheme_category(code: char) -> u16 {
    let one = |before: &str, after: &str| is_cluster(&format!("{before}{code}{after}"));
    let category = match u32::from(code) {
        0x200d => grapheme::ZWJ,
        0x1f1e6..=0x1f1ff => grapheme::REGIONAL,
        _ if extends(code) => {
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
