//! Words to tokens.

use super::encoder::Pipeline;
use super::encoding::Offsets;
use super::items::{ADDED, Item, START, write_utf8};
use super::section::header;
use super::sink::{Sink, Source};
use super::tables::Model;
use super::unigram::{self, Piece, Sums};
use super::workspace::{Need, carve};
use super::{sentencepiece, wordpiece};
use crate::build_features::{SENTENCE_PIECE, WORD_PIECE};

impl Pipeline<'_> {
    /// The words that are marked in the first `len` items.
    pub(super) fn words(&self, scratch: &mut [u64], len: usize, sink: &mut Sink<'_>) -> Result<(), Need> {
        let item_words = (len * size_of::<Item>()).div_ceil(8);
        let Some((items, rest)) = carve::<Item>(scratch, len) else { return Ok(()) };
        let items = &*items;
        let mut from = 0;
        while from < len && !sink.progress.done {
            let tail = items.get(from..).unwrap_or(&[]);
            let size = 1 + tail.iter().skip(1).take_while(|item| item.code & START == 0).count();
            let word = tail.get(..size).unwrap_or(tail);
            let Some((bytes, nodes)) = carve::<u8>(rest, size * 4) else {
                return Err(Need::Scratch(item_words + (size * 4).div_ceil(8)));
            };
            let length = write_utf8(word, bytes);
            let bytes = bytes.get(..length).unwrap_or(&[]);
            if word.first().is_some_and(|item| item.code & ADDED != 0) {
                self.added_word(bytes, word, sink)?;
            } else {
                let used = item_words + (size * 4).div_ceil(8);
                self.word(bytes, Source::Items(word), nodes, used, sink)?;
            }
            from += size;
        }
        Ok(())
    }

    /// An added token in normalized text, blanks that it took in included.
    fn added_word(&self, text: &[u8], items: &[Item], sink: &mut Sink<'_>) -> Result<(), Need> {
        let trie = self.tables.added_trie(true);
        let record = (0..text.len())
            .filter_map(|start| trie.longest_prefix(text.get(start..)?))
            .map(|(record, _)| record)
            .next();
        let id = record.and_then(|record| self.tables.added(record)).map_or(self.tables.unk, |(id, _)| id);
        let start = items.first().map_or(0, |item| item.start);
        let end = items.last().map_or(start, |item| item.end);
        sink.push(id, Offsets { start, end }, Some(text))?;
        sink.progress.word += 1;
        Ok(())
    }

    /// The tokens of a word. `used` words of scratch lie before `scratch`.
    #[inline]
    pub(super) fn word(
        &self,
        word: &[u8],
        source: Source<'_>,
        scratch: &mut [u64],
        used: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Need> {
        match self.tables.model {
            Model::WordPiece if WORD_PIECE => self.word_pieces(word, source, sink)?,
            Model::SentencePiece if SENTENCE_PIECE => {
                sentencepiece::word(&self.tables, word, source, scratch, used, sink)?;
            }
            _ => {
                let mut seen = 0;
                unigram::segment(&self.tables, word, Sums::Double, scratch, used, &mut |piece| {
                    sink.push_piece(&piece, word, source, &mut seen)
                })?;
            }
        }
        sink.end_word();
        Ok(())
    }

    fn word_pieces(&self, word: &[u8], source: Source<'_>, sink: &mut Sink<'_>) -> Result<(), Need> {
        let before = sink.progress;
        let characters = word.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let (mut start, mut seen) = (0, 0);
        let known = characters <= self.tables.header(header::MAX_WORD) as usize;
        while known && start < word.len() {
            let Some(piece) = wordpiece::longest_piece(&self.tables, self.continuation, word, start) else { break };
            sink.push(piece.id, source.offsets(word, &piece, &mut seen), None)?;
            start = piece.end;
        }
        if start < word.len() {
            sink.progress = before;
            let piece = Piece { id: self.tables.unk, start: 0, end: word.len(), unknown: true };
            sink.push(piece.id, source.offsets(word, &piece, &mut 0), None)?;
        }
        Ok(())
    }
}
