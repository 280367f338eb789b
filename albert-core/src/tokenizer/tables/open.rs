//! Opening a section: everything in it is checked, in time proportional to its bytes.
//!
//! After this every id and index that the tables hold lies inside what it points into, and no text can grow by more than the
//! section says.

use super::error::TableError;
use super::expansion::Expansion;
use super::scores::Scores;
use super::section::{self, HEADER_WORDS, NONE, PART_ALIGNMENT, added, flag, header, model, part, role, template};
use super::{CodePointTable, Entry, Model, Tables, Trie};
use crate::build_features::{SENTENCE_PIECE, WORD_PIECE};

/// Refuses, unless something holds.
fn check(holds: bool, error: TableError) -> Result<(), TableError> {
    if holds { Ok(()) } else { Err(error) }
}

fn bad_header(word: usize) -> TableError {
    TableError::Header { word: word as u32 }
}

fn bad_part(index: usize) -> TableError {
    TableError::Part { index: index as u32 }
}

impl<'m> Tables<'m> {
    pub(crate) fn parse(section: &'m [u8]) -> Result<Self, TableError> {
        check(section.as_ptr().align_offset(PART_ALIGNMENT) == 0, TableError::Misaligned)?;
        let whole = section.len() & !3;
        let words = section.get(..whole).and_then(|bytes| bytemuck::try_cast_slice(bytes).ok());
        let words: &[u32] = words.ok_or(TableError::Misaligned)?;
        let header: &[u32; HEADER_WORDS] = words.first_chunk().ok_or(TableError::TooShort)?;
        check(header[header::VERSION] == section::VERSION, TableError::Version)?;
        let model = match header[header::MODEL] {
            model::UNIGRAM => Model::Unigram,
            model::WORD_PIECE if WORD_PIECE => Model::WordPiece,
            model::SENTENCE_PIECE if SENTENCE_PIECE => Model::SentencePiece,
            model::WORD_PIECE | model::SENTENCE_PIECE => return Err(TableError::NotCompiledIn),
            _ => return Err(bad_header(header::MODEL)),
        };
        let mut tables = Self {
            header,
            words,
            model,
            flags: header[header::FLAGS],
            vocab: Trie::default(),
            scores: Scores::default(),
            unk: header[header::ROLES + role::UNK],
            ascii: None,
            expansion: Expansion::NONE,
        };
        tables.check_header()?;
        tables.check_directory()?;
        tables.vocab = tables.checked_trie(part::VOCAB_TRIE, tables.id_end())?;
        tables.check_texts()?;
        tables.check_scores()?;
        tables.check_added()?;
        tables.check_ascii()?;
        tables.check_digit_comma()?;
        let prefix = tables.text(part::PREFIX as u32).ok_or(bad_part(part::PREFIX))?;
        check(prefix.len() <= section::MAX_TOKEN_BYTES, bad_part(part::PREFIX))?;
        tables.check_template(false, part::TEMPLATE_SINGLE)?;
        tables.check_template(true, part::TEMPLATE_PAIR)?;
        tables.expansion = tables.check_pipeline()?;
        check(tables.expansion.is_within(&tables.stated_expansion()), TableError::Expansion)?;
        Ok(tables)
    }

    fn check_header(&self) -> Result<(), TableError> {
        let ids = self.id_end();
        let id = |word: usize, optional: bool| {
            let id = self.header(word);
            id < ids || (optional && id == NONE)
        };
        for index in role::UNK..role::MODEL_MAX_LENGTH {
            check(id(header::ROLES + index, index > role::UNK), bad_header(header::ROLES + index))?;
        }
        for (word, holds) in [
            (header::FLAGS, self.flags & !flag::ALL == 0),
            (header::IDS, ids <= section::MAX_IDS),
            (header::VOCAB_SIZE, self.header(header::VOCAB_SIZE) <= ids),
            (header::UNK_SCORE, self.unk_score().is_finite()),
            (header::DECODER, self.header(header::DECODER) <= section::decoder::SENTENCE_PIECE),
            (header::BLANK, char::from_u32(self.header(header::BLANK)).is_some()),
            (header::ASCII_MODE, self.header(header::ASCII_MODE) <= section::ascii::PUNCTUATION),
            (header::EXPANSION, self.stated_expansion().is_allowed()),
            (header::RESERVED, self.header.iter().skip(header::RESERVED).all(|&word| word == 0)),
        ] {
            check(holds, bad_header(word))?;
        }
        Ok(())
    }

    /// Parts follow one another.
    fn check_directory(&self) -> Result<(), TableError> {
        let parts = self.header(header::PARTS) as usize;
        check((part::COUNT..=section::MAX_PARTS).contains(&parts), bad_header(header::PARTS))?;
        let mut end = (HEADER_WORDS + 2 * parts) * 4;
        for index in 0..parts {
            let range =
                self.range(index as u32).filter(|range| range.start >= end && range.start % PART_ALIGNMENT == 0);
            let range = range.filter(|range| range.end <= self.words.len() * 4).ok_or(bad_part(index))?;
            end = range.end;
        }
        Ok(())
    }

    /// A part as numbers.
    fn checked<T: bytemuck::AnyBitPattern>(&self, index: usize) -> Result<&'m [T], TableError> {
        self.cast(index as u32).ok_or(bad_part(index))
    }

    fn checked_trie(&self, index: usize, limit: u32) -> Result<Trie<'m>, TableError> {
        let trie = Trie::new(self.checked(index)?);
        check(trie.values_are_below(limit, NONE), bad_part(index))?;
        Ok(trie)
    }

    fn check_texts(&self) -> Result<(), TableError> {
        let lengths: &[u8] = self.checked(part::TEXT_LENGTHS)?;
        let blocks: &[u32] = self.checked(part::TEXT_BLOCKS)?;
        let text = self.text(part::TEXT as u32).ok_or(bad_part(part::TEXT))?;
        check(lengths.len() == self.id_end() as usize, bad_part(part::TEXT_LENGTHS))?;
        check(blocks.len() == lengths.len().div_ceil(16), bad_part(part::TEXT_BLOCKS))?;
        let mut end = 0usize;
        for (&start, lengths) in blocks.iter().zip(lengths.chunks(16)) {
            check(start as usize == end, bad_part(part::TEXT_BLOCKS))?;
            for &length in lengths {
                end += usize::from(length);
                check(text.is_char_boundary(end), bad_part(part::TEXT_LENGTHS))?;
            }
        }
        check(text.len() == end, bad_part(part::TEXT))
    }

    fn check_scores(&mut self) -> Result<(), TableError> {
        self.scores = Scores {
            singles: self.checked(part::SCORES)?,
            steps: self.checked(part::SCORE_STEPS)?,
            exceptions: self.checked(part::SCORE_EXCEPTIONS)?,
        };
        let Scores { singles, steps, exceptions } = self.scores;
        let count = singles.len();
        check(count <= self.id_end() as usize, bad_part(part::SCORES))?;
        check(steps.is_empty() || steps.len() == count, bad_part(part::SCORE_STEPS))?;
        let ids = exceptions.iter().map(|&[id, _, _]| id);
        check(ascending(ids, count as u32), bad_part(part::SCORE_EXCEPTIONS))
    }

    fn check_added(&self) -> Result<(), TableError> {
        let ids = self.id_end();
        let records: &[[u32; section::ADDED_WORDS]] = self.checked(part::ADDED)?;
        let sound = records.iter().all(|&[id, flags]| id < ids && flags & !added::ALL == 0);
        check(sound, bad_part(part::ADDED))?;
        self.checked_trie(part::ADDED_TRIE, records.len() as u32)?;
        self.checked_trie(part::NORMALIZED_TRIE, records.len() as u32)?;
        let special: &[u32] = self.checked(part::SPECIAL)?;
        check(ascending(special.iter().copied(), ids), bad_part(part::SPECIAL))?;
        let words = CodePointTable::parse(self.checked(part::WORD_CHARACTERS)?);
        let sound = words.is_some_and(|words| words.values_are_below(u32::from(u16::MAX) + 1));
        check(sound, bad_part(part::WORD_CHARACTERS))
    }

    fn check_ascii(&mut self) -> Result<(), TableError> {
        if self.has(flag::ASCII_WORDS) {
            let table = self.checked::<u8>(part::ASCII)?.first_chunk().ok_or(bad_part(part::ASCII))?;
            let visible = |&byte: &u8| byte == 0 || (0x21..0x7f).contains(&(byte & 0x7f));
            check(table.iter().all(visible), bad_part(part::ASCII))?;
            self.ascii = Some(table);
        }
        Ok(())
    }

    fn check_digit_comma(&self) -> Result<(), TableError> {
        if !SENTENCE_PIECE {
            return Ok(());
        }
        let ids = self.id_end();
        let records: &[[u32; 3]] = self.checked(part::DIGIT_COMMA)?;
        let pairs: &[[u32; 2]] = self.checked(part::DIGIT_COMMA_PIECES)?;
        let inside = |&[_, first, count]: &[u32; 3]| {
            count <= section::MAX_TOKEN_BYTES as u32 && first as usize + count as usize <= pairs.len()
        };
        let sound = ascending(records.iter().map(|&[id, _, _]| id), ids) && records.iter().all(inside);
        check(sound, bad_part(part::DIGIT_COMMA))?;
        let sound = pairs.iter().all(|&[id, characters]| id < ids && characters <= section::MAX_TOKEN_BYTES as u32);
        check(sound, bad_part(part::DIGIT_COMMA_PIECES))
    }

    fn check_template(&self, pair: bool, index: usize) -> Result<(), TableError> {
        let entries: &[[u32; 2]] = self.checked(index)?;
        let ids = self.id_end();
        let sound = |&[code, token_type]: &[u32; 2]| token_type <= 255 && (code < ids || code >= template::SECOND);
        check(entries.len() <= section::MAX_TEMPLATE && entries.iter().all(sound), TableError::Template)?;
        let mut texts = self.template(pair).map(|(entry, _)| entry).filter(|entry| !matches!(entry, Entry::Special(_)));
        let right = texts.next() == Some(Entry::First)
            && (!pair || texts.next() == Some(Entry::Second))
            && texts.next().is_none();
        check(right, TableError::Template)
    }

    /// Operations and steps, and how much text grows in them.
    fn check_pipeline(&self) -> Result<Expansion, TableError> {
        let mut expansion = Expansion::NONE;
        for (record, index) in self.records(part::OPS as u32)?.iter().zip(0..) {
            let operation = self.operation(record).ok_or(TableError::Operation { index })?;
            expansion = operation.expansion(expansion).ok_or(TableError::Operation { index })?;
        }
        for (record, index) in self.records(part::STEPS as u32)?.iter().zip(0..) {
            let step = self.step(record).ok_or(TableError::Step { index })?;
            expansion = step.expansion(expansion).ok_or(TableError::Step { index })?;
        }
        Ok(expansion)
    }
}

/// Whether numbers rise and are below a limit.
fn ascending(mut numbers: impl Iterator<Item = u32>, limit: u32) -> bool {
    let mut least = 0;
    numbers.all(|number| {
        let fits = number >= least && number < limit;
        least = number.saturating_add(1);
        fits
    })
}
