//! The `TOKN` section as checked views.

mod code_points;
mod error;
mod expansion;
mod open;
mod operations;
mod scores;
pub mod section;
mod trie;
mod white_space;

pub(crate) use code_points::CodePointTable;
pub use error::TableError;
pub use expansion::Expansion;
pub(crate) use operations::{Operation, Step};
pub(crate) use trie::{Node, Trie};
pub(crate) use white_space::is_white_space;

use crate::build_features::SENTENCE_PIECE;
use crate::slices::OrEmpty;
use core::ops::Range;
use scores::Scores;
use section::{HEADER_WORDS, MAX_OPS, OP_WORDS, header, part};

/// Models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Unigram,
    WordPiece,
    SentencePiece,
}

/// One entry of a post-processor template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    First,
    Second,
    Special(u32),
}

/// The section; what hot loops use is resolved once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables<'m> {
    header: &'m [u32; HEADER_WORDS],
    /// The whole section.
    words: &'m [u32],
    pub(crate) model: Model,
    pub(crate) flags: u32,
    pub(crate) vocab: Trie<'m>,
    pub(crate) scores: Scores<'m>,
    pub(crate) unk: u32,
    pub(crate) ascii: Option<&'m [u8; 128]>,
    /// How much a text can grow, by the operations.
    pub(crate) expansion: Expansion,
}

impl<'m> Tables<'m> {
    /// A word of the header.
    pub(crate) fn header(&self, index: usize) -> u32 {
        self.header.get(index).copied().or_empty()
    }

    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// A word that may be "none".
    pub(crate) fn role(&self, index: usize) -> Option<u32> {
        Some(self.header(header::ROLES + index)).filter(|&value| value != section::NONE)
    }

    /// Where a part lies.
    fn range(&self, index: u32) -> Option<Range<usize>> {
        if index >= self.header(header::PARTS) {
            return None;
        }
        let entry = HEADER_WORDS + 2 * index as usize;
        let start = *self.words.get(entry)? as usize;
        Some(start..start.checked_add(*self.words.get(entry + 1)? as usize)?)
    }

    /// The bytes of a part.
    fn bytes(&self, index: u32) -> Option<&'m [u8]> {
        bytemuck::must_cast_slice(self.words).get(self.range(index)?)
    }

    /// A part as numbers.
    fn cast<T: bytemuck::AnyBitPattern>(&self, index: u32) -> Option<&'m [T]> {
        bytemuck::try_cast_slice(self.bytes(index)?).ok()
    }

    /// A part as text.
    fn text(&self, index: u32) -> Option<&'m str> {
        core::str::from_utf8(self.bytes(index)?).ok()
    }

    /// A part as numbers, which was checked.
    fn numbers<T: bytemuck::AnyBitPattern>(&self, index: usize) -> &'m [T] {
        self.cast(index as u32).or_empty()
    }

    /// The token of an id.
    pub(crate) fn token(&self, id: u32) -> Option<&'m str> {
        let index = id as usize;
        let lengths = self.bytes(part::TEXT_LENGTHS as u32)?;
        let length = usize::from(*lengths.get(index)?);
        if length == 0 {
            return None;
        }
        let before: usize = lengths.get(index & !15..index)?.iter().map(|&length| usize::from(length)).sum();
        let start = (*self.numbers::<u32>(part::TEXT_BLOCKS).get(index / 16)? as usize).checked_add(before)?;
        let bytes = self.bytes(part::TEXT as u32)?.get(start..start.checked_add(length)?)?;
        core::str::from_utf8(bytes).ok()
    }

    /// The token of an id that is the model's own, not only an added one.
    pub(crate) fn piece(&self, id: u32) -> Option<&'m str> {
        self.token(id).filter(|token| self.scores.has(id) || self.vocab.get(token.as_bytes()) == Some(id))
    }

    /// The score of a piece of a Unigram model.
    pub(crate) fn score(&self, id: u32) -> Option<f64> {
        self.scores.has(id).then(|| self.scores.get(id))
    }

    /// The id of a token: added tokens first.
    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        let record = [part::ADDED_TRIE, part::NORMALIZED_TRIE]
            .iter()
            .find_map(|&trie| Trie::new(self.numbers(trie)).get(token.as_bytes()));
        record.and_then(|record| Some(self.added(record)?.0)).or_else(|| self.vocab.get(token.as_bytes()))
    }

    /// One more than the highest id.
    pub(crate) fn id_end(&self) -> u32 {
        self.header(header::IDS)
    }

    /// The score of unknown text. No field: an `f64` would have the whole model copied by eight bytes, by functions of their own.
    pub(crate) fn unk_score(&self) -> f64 {
        let [low, high] = [0, 1].map(|word| u64::from(self.header(header::UNK_SCORE + word)));
        f64::from_bits(low | high << 32)
    }

    /// How much a text can grow, by the header.
    fn stated_expansion(&self) -> Expansion {
        Expansion { factor: self.header(header::EXPANSION), extra: self.header(header::EXPANSION_EXTRA) }
    }

    /// Tokens that exist.
    pub(crate) fn vocab_size(&self) -> usize {
        self.header(header::VOCAB_SIZE) as usize
    }

    /// Ids of special tokens, ascending.
    pub(crate) fn special(&self) -> &'m [u32] {
        self.numbers(part::SPECIAL)
    }

    /// Trie of added tokens in original or normalized text.
    pub(crate) fn added_trie(&self, normalized: bool) -> Trie<'m> {
        Trie::new(self.numbers(if normalized { part::NORMALIZED_TRIE } else { part::ADDED_TRIE }))
    }

    /// Id and flags of an added token.
    pub(crate) fn added(&self, record: u32) -> Option<(u32, u32)> {
        self.numbers::<[u32; section::ADDED_WORDS]>(part::ADDED).get(record as usize).map(|&[id, flags]| (id, flags))
    }

    /// What a piece that ends in a digit and a comma is split into: pairs of id and code points.
    pub(crate) fn digit_comma(&self, id: u32) -> Option<&'m [[u32; 2]]> {
        let records: &[[u32; 3]] = self.numbers(part::DIGIT_COMMA);
        let at = records.binary_search_by_key(&id, |&[id, _, _]| id).ok()?;
        let &[_, first, count] = records.get(at)?;
        self.numbers(part::DIGIT_COMMA_PIECES).get(first as usize..(first + count) as usize)
    }

    /// Which code points are word characters.
    pub(crate) fn word_characters(&self) -> CodePointTable<'m> {
        CodePointTable::parse(self.numbers(part::WORD_CHARACTERS)).or_empty()
    }

    /// Continuation prefix or unknown surface.
    pub(crate) fn prefix(&self) -> &'m str {
        self.text(part::PREFIX as u32).or_empty()
    }

    /// The post-processor's template: entries with their token types.
    pub(crate) fn template(&self, pair: bool) -> impl Iterator<Item = (Entry, u8)> + Clone + use<'m> {
        let part = if pair { part::TEMPLATE_PAIR } else { part::TEMPLATE_SINGLE };
        self.numbers::<[u32; 2]>(part).iter().map(|&[code, token_type]| {
            let entry = match code {
                section::template::FIRST => Entry::First,
                section::template::SECOND => Entry::Second,
                id => Entry::Special(id),
            };
            (entry, token_type as u8)
        })
    }

    /// The records of a list of operations.
    #[cfg_attr(target_os = "none", inline(never))]
    fn records(&self, index: u32) -> Result<&'m [[u32; OP_WORDS]], TableError> {
        match self.cast::<u32>(index).map(<[u32]>::as_chunks) {
            Some((records, [])) if records.len() <= MAX_OPS => Ok(records),
            _ => Err(TableError::Part { index }),
        }
    }

    /// The normalizer. An operation is read when its turn comes: all of them would take a kilobyte of stack.
    pub(crate) fn operations(&self) -> impl Iterator<Item = Operation<'m>> {
        self.records(part::OPS as u32).or_empty().iter().map_while(|record| self.operation(record))
    }

    fn operation(&self, &[code, a, b, c, d]: &[u32; OP_WORDS]) -> Option<Operation<'m>> {
        let code_points = |index| CodePointTable::parse(self.cast(index)?);
        Some(match code {
            section::op::MAP => Operation::Map { table: code_points(a)?, pool: self.cast(b)? },
            section::op::DECOMPOSE => Operation::Decompose {
                table: code_points(a)?,
                pool: self.cast(b)?,
                classes: code_points(c)?,
                pairs: if d == 0 { None } else { Some(self.cast(d)?) },
            },
            section::op::REPLACE => Operation::Replace {
                pattern: self.text(a).filter(|pattern| !pattern.is_empty())?,
                content: self.text(b)?,
            },
            section::op::COLLAPSE_BLANKS => Operation::CollapseBlanks { content: self.text(a)? },
            section::op::STRIP => Operation::Strip { left: a & 1 != 0, right: a & 2 != 0 },
            section::op::PREPEND => Operation::Prepend { content: self.text(a)? },
            section::op::CHARSMAP => {
                Operation::Charsmap { trie: Trie::new(self.cast(a)?), pool: self.cast(b)?, categories: code_points(c)? }
            }
            section::op::SENTENCE_PIECE if SENTENCE_PIECE => {
                let symbols = Trie::new(self.cast(c)?);
                Operation::SentencePiece { trie: Trie::new(self.cast(a)?), pool: self.cast(b)?, symbols, bits: d }
            }
            _ => return None,
        })
    }

    /// The pre-tokenizer.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step<'m>> {
        self.records(part::STEPS as u32).or_empty().iter().map_while(|record| self.step(record))
    }

    fn step(&self, &[code, a, b, c, _]: &[u32; OP_WORDS]) -> Option<Step<'m>> {
        Some(match code {
            section::step::WHITESPACE => Step::Whitespace,
            section::step::METASPACE if b <= section::prepend::NEVER => {
                Step::Metaspace { blank: u32::from(char::from_u32(a)?), prepend: b, split: c != 0 }
            }
            section::step::PUNCTUATION => Step::Punctuation { table: CodePointTable::parse(self.cast(a)?)? },
            _ => return None,
        })
    }
}
