//! The `TOKN` section as checked views.

use super::lookup::{CodePoints, Scores};
use super::normalizer::Op;
use super::section::{self, MAX_OPS, OP_WORDS, PART_ALIGNMENT, header, model, part, role};
use super::split::Step;
use super::trie::Trie;
use crate::build_features::{SENTENCE_PIECE, WORD_PIECE};

/// Why a `TOKN` section was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TableError {
    /// The section ends before its header or directory does.
    TooShort,
    /// The section, or a part of it, does not start at a multiple of 8 bytes.
    Misaligned,
    /// A version of the layout that this reader does not know.
    Version,
    /// A header field has a value that does not exist.
    Header {
        /// Index of the word.
        word: u32,
    },
    /// A part lies outside of the section or has a length that does not fit.
    Part {
        /// Index in the directory.
        index: u32,
    },
    /// An unknown normalizer operation, or one with a wrong argument.
    Operation {
        /// Position in the pipeline.
        index: u32,
    },
    /// An unknown pre-tokenizer step, or one with a wrong argument.
    Step {
        /// Position in the pipeline.
        index: u32,
    },
    /// A template that is not the first text, then, for a pair, the second, among special tokens.
    Template,
    /// This build of the library has no code for such a tokenizer: cargo feature `sentencepiece` or `wordpiece`.
    NotCompiledIn,
}

impl core::fmt::Display for TableError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooShort => f.write_str("tokenizer section is too short"),
            Self::Misaligned => f.write_str("tokenizer section is not aligned to 8 bytes"),
            Self::Version => f.write_str("tokenizer section has an unknown version"),
            Self::Header { word } => write!(f, "tokenizer header word {word} has an unknown value"),
            Self::Part { index } => write!(f, "tokenizer part {index} does not fit"),
            Self::Operation { index } => write!(f, "tokenizer operation {index} is unknown or damaged"),
            Self::Step { index } => write!(f, "pre-tokenizer step {index} is unknown or damaged"),
            Self::Template => f.write_str("tokenizer template is damaged"),
            Self::NotCompiledIn => f.write_str("this build leaves out tokenizers of this kind"),
        }
    }
}

impl core::error::Error for TableError {}

/// Models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Unigram,
    WordPiece,
    SentencePiece,
}

/// One entry of a post-processor template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    First,
    Second,
    Special(u32),
}

/// The section; what hot loops use is resolved once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables<'m> {
    words: &'m [u32],
    pub(super) model: Model,
    pub(super) flags: u32,
    pub(super) vocab: Trie<'m>,
    pub(super) scores: Scores<'m>,
    pub(super) unk_score: f64,
    pub(super) unk: u32,
    pub(super) ascii: Option<&'m [u8; 128]>,
}

impl<'m> Tables<'m> {
    pub(super) fn parse(section: &'m [u8]) -> Result<Self, TableError> {
        if section.as_ptr().align_offset(PART_ALIGNMENT) != 0 {
            return Err(TableError::Misaligned);
        }
        let whole = section.len() & !3;
        let words: &[u32] = section
            .get(..whole)
            .and_then(|bytes| bytemuck::try_cast_slice(bytes).ok())
            .ok_or(TableError::Misaligned)?;
        let field = |index: usize| words.get(index).copied().ok_or(TableError::TooShort);
        if field(header::VERSION)? != section::VERSION {
            return Err(TableError::Version);
        }
        let parts = field(header::PARTS)?;
        if !(part::COUNT..=section::MAX_PARTS).contains(&(parts as usize)) {
            return Err(TableError::Header { word: header::PARTS as u32 });
        }
        let model = match field(header::MODEL)? {
            model::UNIGRAM => Model::Unigram,
            model::WORD_PIECE if WORD_PIECE => Model::WordPiece,
            model::SENTENCE_PIECE if SENTENCE_PIECE => Model::SentencePiece,
            model::WORD_PIECE | model::SENTENCE_PIECE => return Err(TableError::NotCompiledIn),
            _ => return Err(TableError::Header { word: header::MODEL as u32 }),
        };
        let flags = field(header::FLAGS)?;
        let unk_score = u64::from(field(header::UNK_SCORE)?) | u64::from(field(header::UNK_SCORE + 1)?) << 32;
        let unk_score = f64::from_bits(unk_score);
        if !unk_score.is_finite() {
            return Err(TableError::Header { word: header::UNK_SCORE as u32 });
        }
        if field(header::DECODER)? > section::decoder::SENTENCE_PIECE {
            return Err(TableError::Header { word: header::DECODER as u32 });
        }
        if field(header::ASCII_MODE)? > section::ascii::PUNCTUATION {
            return Err(TableError::Header { word: header::ASCII_MODE as u32 });
        }
        let mut tables = Self {
            words,
            model,
            flags,
            vocab: Trie::default(),
            scores: Scores::default(),
            unk_score,
            unk: field(header::ROLES + role::UNK)?,
            ascii: None,
        };
        for index in 0..parts {
            if tables.bytes(index).is_none() {
                return Err(TableError::Part { index });
            }
        }
        let damaged = |index: usize| TableError::Part { index: index as u32 };
        tables.vocab = Trie::new(tables.cast(part::VOCAB_TRIE as u32).ok_or(damaged(part::VOCAB_TRIE))?);
        tables.scores = Scores {
            singles: tables.cast(part::SCORES as u32).ok_or(damaged(part::SCORES))?,
            steps: tables.cast(part::SCORE_STEPS as u32).ok_or(damaged(part::SCORE_STEPS))?,
            exceptions: tables.cast(part::SCORE_EXCEPTIONS as u32).ok_or(damaged(part::SCORE_EXCEPTIONS))?,
        };
        if flags & section::flag::ASCII_WORDS != 0 {
            let table = tables.bytes(part::ASCII as u32).and_then(|bytes| bytes.first_chunk());
            tables.ascii = Some(table.ok_or(damaged(part::ASCII))?);
        }
        tables.check_texts()?;
        for index in [part::ADDED_TRIE, part::NORMALIZED_TRIE, part::ADDED, part::SPECIAL, part::DIGIT_COMMA] {
            tables.cast::<u32>(index as u32).ok_or(damaged(index))?;
        }
        tables.text(part::PREFIX as u32).ok_or(damaged(part::PREFIX))?;
        for (record, index) in tables.records(part::OPS as u32)?.iter().zip(0..) {
            tables.op(record).ok_or(TableError::Operation { index })?;
        }
        for (record, index) in tables.records(part::STEPS as u32)?.iter().zip(0..) {
            tables.step(record).ok_or(TableError::Step { index })?;
        }
        for (pair, index) in [(false, part::TEMPLATE_SINGLE), (true, part::TEMPLATE_PAIR)] {
            tables.cast::<u32>(index as u32).ok_or(damaged(index))?;
            tables.check_template(pair)?;
        }
        Ok(tables)
    }

    fn check_texts(&self) -> Result<(), TableError> {
        let ids = self.header(header::IDS) as usize;
        let blocks = self.cast::<u32>(part::TEXT_BLOCKS as u32).map_or(0, <[u32]>::len);
        if blocks != ids.div_ceil(16) {
            return Err(TableError::Part { index: part::TEXT_BLOCKS as u32 });
        }
        if self.bytes(part::TEXT_LENGTHS as u32).map_or(0, <[u8]>::len) != ids {
            return Err(TableError::Part { index: part::TEXT_LENGTHS as u32 });
        }
        Ok(())
    }

    fn check_template(&self, pair: bool) -> Result<(), TableError> {
        let mut texts = self.template(pair).map(|(entry, _)| entry).filter(|entry| !matches!(entry, Entry::Special(_)));
        let right = texts.next() == Some(Entry::First)
            && (!pair || texts.next() == Some(Entry::Second))
            && texts.next().is_none();
        if right { Ok(()) } else { Err(TableError::Template) }
    }

    /// A word of the header.
    pub(super) fn header(&self, index: usize) -> u32 {
        self.words.get(index).copied().unwrap_or(0)
    }

    pub(super) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// A word that may be "none".
    pub(super) fn role(&self, index: usize) -> Option<u32> {
        Some(self.header(header::ROLES + index)).filter(|&value| value != section::NONE)
    }

    /// The bytes of a part.
    fn bytes(&self, index: u32) -> Option<&'m [u8]> {
        if index >= self.header(header::PARTS) {
            return None;
        }
        let entry = section::HEADER_WORDS + 2 * index as usize;
        let offset = *self.words.get(entry)? as usize;
        let length = *self.words.get(entry + 1)? as usize;
        if !offset.is_multiple_of(PART_ALIGNMENT) {
            return None;
        }
        bytemuck::must_cast_slice(self.words).get(offset..offset.checked_add(length)?)
    }

    /// A part as numbers.
    fn cast<T: bytemuck::AnyBitPattern>(&self, index: u32) -> Option<&'m [T]> {
        bytemuck::try_cast_slice(self.bytes(index)?).ok()
    }

    /// A part as text.
    fn text(&self, index: u32) -> Option<&'m str> {
        core::str::from_utf8(self.bytes(index)?).ok()
    }

    fn numbers(&self, index: usize) -> &'m [u32] {
        self.cast(index as u32).unwrap_or(&[])
    }

    /// The token of an id.
    pub(super) fn token(&self, id: u32) -> Option<&'m str> {
        let index = id as usize;
        let lengths = self.bytes(part::TEXT_LENGTHS as u32)?;
        let length = usize::from(*lengths.get(index)?);
        if length == 0 {
            return None;
        }
        let before: usize = lengths.get(index & !15..index)?.iter().map(|&length| usize::from(length)).sum();
        let start = (*self.numbers(part::TEXT_BLOCKS).get(index / 16)? as usize).checked_add(before)?;
        let bytes = self.bytes(part::TEXT as u32)?.get(start..start.checked_add(length)?)?;
        core::str::from_utf8(bytes).ok()
    }

    /// The token of an id that is the model's own, not only an added one.
    pub(super) fn piece(&self, id: u32) -> Option<&'m str> {
        self.token(id).filter(|token| self.scores.has(id) || self.vocab.get(token.as_bytes()) == Some(id))
    }

    /// The score of a piece of a Unigram model.
    pub(super) fn score(&self, id: u32) -> Option<f64> {
        self.scores.has(id).then(|| self.scores.get(id))
    }

    /// The id of a token: added tokens first.
    pub(super) fn id(&self, token: &str) -> Option<u32> {
        let record = [part::ADDED_TRIE, part::NORMALIZED_TRIE]
            .iter()
            .find_map(|&trie| Trie::new(self.numbers(trie)).get(token.as_bytes()));
        record.and_then(|record| Some(self.added(record)?.0)).or_else(|| self.vocab.get(token.as_bytes()))
    }

    /// Tokens that exist.
    pub(super) fn vocab_size(&self) -> usize {
        self.header(header::VOCAB_SIZE) as usize
    }

    /// Ids of special tokens, ascending.
    pub(super) fn special(&self) -> &'m [u32] {
        self.numbers(part::SPECIAL)
    }

    /// Trie of added tokens in original or normalized text.
    pub(super) fn added_trie(&self, normalized: bool) -> Trie<'m> {
        Trie::new(self.numbers(if normalized { part::NORMALIZED_TRIE } else { part::ADDED_TRIE }))
    }

    /// Id and flags of an added token.
    pub(super) fn added(&self, record: u32) -> Option<(u32, u32)> {
        let at = (record as usize).checked_mul(section::ADDED_WORDS)?;
        match self.numbers(part::ADDED).get(at..)?.first_chunk()? {
            &[id, flags] => Some((id, flags)),
        }
    }

    /// What a piece that ends in a digit and a comma is split into: pairs of id and code points.
    pub(super) fn digit_comma(&self, id: u32) -> Option<&'m [[u32; 2]]> {
        let mut rest = self.numbers(part::DIGIT_COMMA);
        while let Some((&[piece, count], tail)) = rest.split_first_chunk::<2>() {
            let (pairs, tail) = tail.split_at_checked((count as usize).checked_mul(2)?)?;
            if piece == id {
                return bytemuck::try_cast_slice(pairs).ok();
            }
            rest = tail;
        }
        None
    }

    /// Which code points are word characters.
    pub(super) fn word_characters(&self) -> CodePoints<'m> {
        self.cast(part::WORD_CHARACTERS as u32).and_then(CodePoints::parse).unwrap_or_default()
    }

    /// Continuation prefix or unknown surface.
    pub(super) fn prefix(&self) -> &'m str {
        self.text(part::PREFIX as u32).unwrap_or("")
    }

    /// The post-processor's template: entries with their token types.
    pub(super) fn template(&self, pair: bool) -> impl Iterator<Item = (Entry, u8)> + Clone + use<'m> {
        let part = if pair { part::TEMPLATE_PAIR } else { part::TEMPLATE_SINGLE };
        self.numbers(part).chunks_exact(2).filter_map(|entry| match entry {
            &[code, token_type] => {
                let entry = match code {
                    section::template::FIRST => Entry::First,
                    section::template::SECOND => Entry::Second,
                    id => Entry::Special(id),
                };
                Some((entry, token_type as u8))
            }
            _ => None,
        })
    }

    /// The records of a list of operations.
    fn records(&self, index: u32) -> Result<&'m [[u32; OP_WORDS]], TableError> {
        match self.cast::<u32>(index).map(<[u32]>::as_chunks) {
            Some((records, [])) if records.len() <= MAX_OPS => Ok(records),
            _ => Err(TableError::Part { index }),
        }
    }

    /// The normalizer. An operation is read when its turn comes: all of them would take a kilobyte of stack.
    pub(super) fn ops(&self) -> impl Iterator<Item = Op<'m>> {
        // Parsing has checked the list.
        self.records(part::OPS as u32).unwrap_or(&[]).iter().map_while(|record| self.op(record))
    }

    fn op(&self, &[code, a, b, c, d]: &[u32; OP_WORDS]) -> Option<Op<'m>> {
        let code_points = |index| CodePoints::parse(self.cast(index)?);
        Some(match code {
            section::op::MAP => Op::Map { table: code_points(a)?, pool: self.cast(b)? },
            section::op::DECOMPOSE => Op::Decompose {
                table: code_points(a)?,
                pool: self.cast(b)?,
                classes: code_points(c)?,
                pairs: if d == 0 { None } else { Some(self.cast(d)?) },
            },
            section::op::REPLACE => {
                Op::Replace { pattern: self.text(a).filter(|pattern| !pattern.is_empty())?, content: self.text(b)? }
            }
            section::op::COLLAPSE_BLANKS => Op::CollapseBlanks { content: self.text(a)? },
            section::op::STRIP => Op::Strip { left: a & 1 != 0, right: a & 2 != 0 },
            section::op::PREPEND => Op::Prepend { content: self.text(a)? },
            section::op::CHARSMAP => {
                Op::Charsmap { trie: Trie::new(self.cast(a)?), pool: self.cast(b)?, categories: code_points(c)? }
            }
            section::op::SENTENCE_PIECE if SENTENCE_PIECE => {
                let symbols = Trie::new(self.cast(c)?);
                Op::SentencePiece { trie: Trie::new(self.cast(a)?), pool: self.cast(b)?, symbols, bits: d }
            }
            _ => return None,
        })
    }

    /// The pre-tokenizer.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step<'m>> {
        self.records(part::STEPS as u32).unwrap_or(&[]).iter().map_while(|record| self.step(record))
    }

    fn step(&self, &[code, a, b, c, _]: &[u32; OP_WORDS]) -> Option<Step<'m>> {
        Some(match code {
            section::step::WHITESPACE => Step::Whitespace,
            section::step::METASPACE if b <= section::prepend::NEVER => {
                Step::Metaspace { blank: u32::from(char::from_u32(a)?), prepend: b, split: c != 0 }
            }
            section::step::PUNCTUATION => Step::Punctuation { table: CodePoints::parse(self.cast(a)?)? },
            _ => return None,
        })
    }
}
