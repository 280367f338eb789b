//! Words to tokens.

use super::pipeline::Pipeline;
use crate::build_features::{SENTENCE_PIECE, WORD_PIECE};
use crate::slices::part;
use crate::tokenizer::memory::char_buffer::{ADDED, Character, START, write_utf8};
use crate::tokenizer::memory::token_buffer::{Piece, Source, TokenBuffer};
use crate::tokenizer::memory::workspace::{Shortage, carve};
use crate::tokenizer::model::unigram::{self, ScoreSum};
use crate::tokenizer::model::{sentence_piece, word_piece};
use crate::tokenizer::offsets::Offsets;
use crate::tokenizer::tables::Model;
use crate::tokenizer::tables::section::header;

impl Pipeline<'_> {
    /// The words that are marked in the first `len` characters.
    pub(crate) fn words(&self, scratch: &mut [u64], len: usize, tokens: &mut TokenBuffer<'_>) -> Result<(), Shortage> {
        let character_words = (len * size_of::<Character>()).div_ceil(8);
        let Some((chars, rest)) = carve::<Character>(scratch, len) else { return Ok(()) };
        let chars = &*chars;
        let mut from = 0;
        while from < len && !tokens.progress.done {
            let tail = part(chars, from..);
            let size = 1 + tail.iter().skip(1).take_while(|character| character.code & START == 0).count();
            let word = tail.get(..size).unwrap_or(tail);
            let Some((bytes, nodes)) = carve::<u8>(rest, size * 4) else {
                return Err(Shortage::Scratch(character_words + (size * 4).div_ceil(8)));
            };
            let length = write_utf8(word, bytes);
            let bytes = part(bytes, ..length);
            if word.first().is_some_and(|character| character.code & ADDED != 0) {
                self.added_word(bytes, word, tokens)?;
            } else {
                let used = character_words + (size * 4).div_ceil(8);
                self.word(bytes, Source::Characters(word), nodes, used, tokens)?;
            }
            from += size;
        }
        Ok(())
    }

    /// An added token in normalized text, blanks that it took in included.
    fn added_word(&self, text: &[u8], chars: &[Character], tokens: &mut TokenBuffer<'_>) -> Result<(), Shortage> {
        let trie = self.tables.added_trie(true);
        let record = (0..text.len())
            .filter_map(|start| trie.longest_prefix(text.get(start..)?))
            .map(|(record, _)| record)
            .next();
        let id = record.and_then(|record| self.tables.added(record)).map_or(self.tables.unk, |(id, _)| id);
        let start = chars.first().map_or(0, |character| character.start);
        let end = chars.last().map_or(start, |character| character.end);
        tokens.push(id, Offsets { start, end }, Some(text))?;
        tokens.progress.word += 1;
        Ok(())
    }

    /// The tokens of a word. `used` words of scratch lie before `scratch`.
    #[inline]
    pub(crate) fn word(
        &self,
        word: &[u8],
        source: Source<'_>,
        scratch: &mut [u64],
        used: usize,
        tokens: &mut TokenBuffer<'_>,
    ) -> Result<(), Shortage> {
        match self.tables.model {
            Model::WordPiece if WORD_PIECE => self.word_pieces(word, source, tokens)?,
            Model::SentencePiece if SENTENCE_PIECE => {
                sentence_piece::push_word(&self.tables, word, source, scratch, used, tokens)?;
            }
            _ => {
                let mut seen = 0;
                unigram::best_pieces(&self.tables, word, ScoreSum::Double, scratch, used, &mut |piece| {
                    tokens.push_piece(&piece, word, source, &mut seen)
                })?;
            }
        }
        tokens.end_word();
        Ok(())
    }

    fn word_pieces(&self, word: &[u8], source: Source<'_>, tokens: &mut TokenBuffer<'_>) -> Result<(), Shortage> {
        let before = tokens.progress;
        let characters = word.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let (mut start, mut seen) = (0, 0);
        let known = characters <= self.tables.header(header::MAX_WORD) as usize;
        while known && start < word.len() {
            let Some(piece) = word_piece::longest_piece(&self.tables, self.continuation, word, start) else { break };
            tokens.push(piece.id, source.offsets(word, &piece, &mut seen), None)?;
            start = piece.end;
        }
        if start < word.len() {
            tokens.progress = before;
            let piece = Piece { id: self.tables.unk, start: 0, end: word.len(), unknown: true };
            tokens.push(piece.id, source.offsets(word, &piece, &mut 0), None)?;
        }
        Ok(())
    }
}
