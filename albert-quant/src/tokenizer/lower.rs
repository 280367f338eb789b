//! Lowering of normalizers to the operations of the section.
//!
//! Operations on single code points are fused into one map, and every table covers only what can reach it. A decomposition
//! whose combining marks are all dropped right after it is such an operation too: reordering moves only marks.

use albert_core::tokenizer::section::{MAX_OPS, op};

use super::CompileError;
use super::charsmap::Charsmap;
use super::code_points::{CodePointSet, Map};
use super::normalizer::Normalizer;
use super::unicode::{self, Table};

/// Most components of a normalizer; checkpoints have up to ten.
const MAX_NORMALIZERS: usize = 32;

static WHITESPACE: Table = Table::new(|| blanks(char::is_whitespace));
static PYTHON_BLANKS: Table = Table::new(|| blanks(|code| code.is_whitespace() || matches!(code, '\u{1c}'..='\u{1f}')));
static NMT_BLANKS: Table = Table::new(|| {
    blanks(|code| {
        let code = u32::from(code);
        matches!(code, 0x9 | 0xa | 0xc | 0xd | 0x1680 | 0x200b..=0x200f | 0x2028 | 0x2029 | 0x2581 | 0xfeff | 0xfffd)
    })
});
static NO_NMT_CONTROLS: Table = Table::new(|| {
    Map::of(|code| match u32::from(code) {
        1..=8 | 0xb | 0xe..=0x1f | 0x7f | 0x8f | 0x9f => Vec::new(),
        code => vec![code],
    })
});
static SPACED_IDEOGRAPHS: Table = Table::new(|| {
    Map::of(|code| {
        let code = u32::from(code);
        if is_bert_ideograph(code) { vec![0x20, code, 0x20] } else { vec![code] }
    })
});

/// Some characters to U+0020.
fn blanks(blank: impl Fn(char) -> bool) -> Map {
    Map::of(|code| vec![if blank(code) { 0x20 } else { u32::from(code) }])
}

/// An operation, with the tables that it needs.
pub(super) enum Lowered {
    Map(Map),
    Decompose { map: Map, compose: bool, reach: CodePointSet },
    Replace { pattern: String, content: String },
    CollapseBlanks { content: String },
    Strip { left: bool, right: bool },
    Prepend(String),
    Charsmap { keys: Charsmap, reach: CodePointSet, clusters: bool },
    SentencePiece { charsmap: Charsmap, symbols: Vec<String>, bits: u32 },
}

/// The operations, and what can come out of the last.
pub(super) fn lower(normalizers: &[Normalizer]) -> Result<(Vec<Lowered>, CodePointSet), CompileError> {
    if normalizers.len() > MAX_NORMALIZERS {
        return Err(CompileError::TooLarge { what: "normalizer" });
    }
    let mut lowering = Lowering { ops: Vec::new(), reach: CodePointSet::all() };
    for normalizer in normalizers {
        lowering.add(normalizer);
        if lowering.ops.iter().filter(|op| op.is_needed()).count() > MAX_OPS {
            return Err(CompileError::TooLarge { what: "normalizer" });
        }
    }
    let ops = lowering.ops.into_iter().filter(Lowered::is_needed);
    Ok((ops.collect(), lowering.reach))
}

impl Lowered {
    fn is_needed(&self) -> bool {
        !matches!(self, Self::Map(map) if map.0.is_empty())
    }

    /// Code of an operation, for the section.
    pub(super) fn code(&self) -> u32 {
        match self {
            Self::Map(_) => op::MAP,
            Self::Decompose { .. } => op::DECOMPOSE,
            Self::Replace { .. } => op::REPLACE,
            Self::CollapseBlanks { .. } => op::COLLAPSE_BLANKS,
            Self::Strip { .. } => op::STRIP,
            Self::Prepend(_) => op::PREPEND,
            Self::Charsmap { .. } => op::CHARSMAP,
            Self::SentencePiece { .. } => op::SENTENCE_PIECE,
        }
    }
}

struct Lowering {
    ops: Vec<Lowered>,
    /// What can come out of the operations so far.
    reach: CodePointSet,
}

impl Lowering {
    fn add(&mut self, normalizer: &Normalizer) {
        match normalizer {
            Normalizer::Replace { pattern, content } => {
                content.chars().for_each(|code| self.reach.insert(u32::from(code)));
                self.ops.push(Lowered::Replace { pattern: pattern.clone(), content: content.clone() });
            }
            Normalizer::CollapseBlanks { content } => {
                content.chars().for_each(|code| self.reach.insert(u32::from(code)));
                self.ops.push(Lowered::CollapseBlanks { content: content.clone() });
            }
            Normalizer::Nfc => self.decompose(&unicode::CANONICAL, true),
            Normalizer::Nfd => self.decompose(&unicode::CANONICAL, false),
            Normalizer::Nfkc => self.decompose(&unicode::COMPATIBILITY, true),
            Normalizer::Nfkd => self.decompose(&unicode::COMPATIBILITY, false),
            Normalizer::StripAccents => self.drop(&unicode::NO_MARKS),
            Normalizer::PythonAccents => self.map(&unicode::NO_ACCENTS),
            Normalizer::Lowercase => self.map(&unicode::LOWERCASE),
            Normalizer::Precompiled(charsmap) => self.charsmap(charsmap),
            Normalizer::Strip { left, right } => self.ops.push(Lowered::Strip { left: *left, right: *right }),
            Normalizer::Prepend(content) => {
                content.chars().for_each(|code| self.reach.insert(u32::from(code)));
                self.ops.push(Lowered::Prepend(content.clone()));
            }
            Normalizer::Bert { clean_text, handle_chinese_chars, strip_accents, lowercase } => {
                if *clean_text {
                    self.drop(&unicode::NO_BERT_CONTROLS);
                    self.map(&WHITESPACE);
                }
                if *handle_chinese_chars {
                    self.map(&SPACED_IDEOGRAPHS);
                }
                if *strip_accents {
                    self.decompose(&unicode::CANONICAL, false);
                    self.drop(&unicode::NO_NONSPACING_MARKS);
                }
                if *lowercase {
                    self.map(&unicode::LOWERCASE);
                }
            }
            Normalizer::Nmt => {
                self.drop(&NO_NMT_CONTROLS);
                self.map(&NMT_BLANKS);
            }
            Normalizer::PythonBlanks => self.map(&PYTHON_BLANKS),
            Normalizer::SentencePiece { charsmap, symbols, bits } => {
                self.sentence_piece(charsmap, symbols, *bits);
            }
        }
    }

    /// An operation on single code points.
    fn map(&mut self, table: &Map) {
        self.push_map(table.within(&self.reach));
    }

    /// An operation that removes code points.
    fn drop(&mut self, table: &Map) {
        self.fuse_decomposition(table);
        self.map(table);
    }

    fn push_map(&mut self, map: Map) {
        self.reach = map.apply(&self.reach);
        match self.ops.last_mut() {
            Some(Lowered::Map(last)) => *last = last.then(&map),
            _ => self.ops.push(Lowered::Map(map)),
        }
    }

    fn decompose(&mut self, table: &Map, compose: bool) {
        let map = table.within(&self.reach);
        self.reach = map.apply(&self.reach);
        let reach = self.reach.clone();
        if compose {
            unicode::COMPOSITIONS.iter().for_each(|&[_, _, composite]| self.reach.insert(composite));
            (0xac00..0xd7a4).for_each(|syllable| self.reach.insert(syllable));
        }
        self.ops.push(Lowered::Decompose { map, compose, reach });
    }

    /// Turns a decomposition into a map when everything that it could reorder is dropped next.
    fn fuse_decomposition(&mut self, dropped: &Map) {
        let Some(Lowered::Decompose { compose: false, reach, .. }) = self.ops.last() else { return };
        let mut combining = unicode::COMBINING_CLASSES.keys().filter(|&&code| reach.contains(code));
        let all_dropped = combining.all(|code| dropped.0.contains_key(code));
        if all_dropped && let Some(Lowered::Decompose { map, .. }) = self.ops.pop() {
            match self.ops.last_mut() {
                Some(Lowered::Map(last)) => *last = last.then(&map),
                _ => self.ops.push(Lowered::Map(map)),
            }
        }
    }

    fn charsmap(&mut self, charsmap: &Charsmap) {
        let keys = Charsmap(charsmap.0.iter().filter(|(key, _)| self.is_reachable(charsmap, key)).map(own).collect());
        let clusters = self.needs_clusters(&keys);
        let reach = self.reach.clone();
        self.reach_replacements(&keys);
        self.ops.push(Lowered::Charsmap { keys, reach, clusters });
    }

    /// Whether `tokenizers` can ever find a key: the shortest key wins, and several characters must be one short cluster.
    fn is_reachable(&self, charsmap: &Charsmap, key: &[u8]) -> bool {
        let shadowed = (1..key.len()).any(|end| charsmap.0.contains_key(&key[..end]));
        let Ok(text) = std::str::from_utf8(key) else { return !shadowed };
        let several = text.chars().count() > 1;
        !shadowed
            && text.chars().all(|code| self.reach.contains(u32::from(code)))
            && !(several && (key.len() > 5 || !unicode::is_cluster(text)))
    }

    /// Whether it matters where clusters begin, CR LF apart.
    fn needs_clusters(&self, keys: &Charsmap) -> bool {
        let texts: Vec<&str> = keys.0.keys().filter_map(|key| std::str::from_utf8(key).ok()).collect();
        if texts.iter().any(|text| text.chars().count() > 1 && *text != "\r\n") {
            return true;
        }
        let shortest = texts.iter().map(|text| text.len()).min().unwrap_or(usize::MAX);
        let room = 5usize.saturating_sub(shortest);
        let reached = unicode::EXTENDERS.iter().copied().filter(|&code| self.reach.contains(u32::from(code)));
        let extenders: Vec<char> = reached.filter(|code| code.len_utf8() <= room).collect();
        texts.iter().filter_map(|text| text.chars().next()).any(|key| {
            key.len_utf8() < 5 && unicode::prepends(key)
                || extenders
                    .iter()
                    .any(|code| key.len_utf8() + code.len_utf8() <= 5 && unicode::is_cluster(&format!("{key}{code}")))
        })
    }

    fn sentence_piece(&mut self, charsmap: &Charsmap, symbols: &[String], bits: u32) {
        let reachable = |key: &[u8]| {
            std::str::from_utf8(key).is_ok_and(|text| text.chars().all(|code| self.reach.contains(u32::from(code))))
        };
        let keys = Charsmap(charsmap.0.iter().filter(|(key, _)| reachable(key)).map(own).collect());
        self.reach_replacements(&keys);
        self.reach.insert(0x2581);
        self.ops.push(Lowered::SentencePiece { charsmap: keys, symbols: symbols.to_vec(), bits });
    }

    fn reach_replacements(&mut self, keys: &Charsmap) {
        for replacement in keys.0.values() {
            replacement.chars().for_each(|code| self.reach.insert(u32::from(code)));
        }
    }
}

fn own((key, value): (&Vec<u8>, &String)) -> (Vec<u8>, String) {
    (key.clone(), value.clone())
}

/// The ideographs of `BertNormalizer`; the range from U+2B920 is the reference's.
fn is_bert_ideograph(code: u32) -> bool {
    matches!(
        code,
        0x4e00..=0x9fff
            | 0x3400..=0x4dbf
            | 0x2_0000..=0x2_a6df
            | 0x2_a700..=0x2_b73f
            | 0x2_b740..=0x2_b81f
            | 0x2_b920..=0x2_ceaf
            | 0xf900..=0xfaff
            | 0x2_f800..=0x2_fa1f
    )
}
