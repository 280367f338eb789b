//! What the tokens of a text stand for: characters, words, the text of an entity.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use albert_core::heads::{Entity, TokenKind};
use albert_core::tokenizer::Tokenizer;

use crate::engine::Tokens;

/// A text whose code points can be counted.
pub(super) struct Characters<'t> {
    pub(super) text: &'t str,
    /// Byte at which each code point starts, and the end.
    starts: Vec<usize>,
}

impl<'t> Characters<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, starts: text.char_indices().map(|(start, _)| start).chain([text.len()]).collect() }
    }

    /// The code points from `start` to `end`.
    fn get(&self, start: u32, end: u32) -> &'t str {
        let byte = |at: u32| self.starts.get(at as usize).copied().unwrap_or(self.text.len());
        self.text.get(byte(start)..byte(end)).unwrap_or("")
    }
}

/// The tokens of a text and what they stand for.
pub(super) struct Pieces<'a> {
    pub(super) tokenizer: Tokenizer<'a>,
    pub(super) tokens: &'a Tokens,
    pub(super) text: &'a Characters<'a>,
}

impl Pieces<'_> {
    /// The code points of the tokens from `start` to before `end`.
    pub(super) fn range(&self, start: usize, end: usize) -> (u32, u32) {
        let offsets = |token: usize| self.tokens.offsets.get(token).copied().unwrap_or_default();
        (offsets(start).start, offsets(end.saturating_sub(1)).end)
    }

    fn id(&self, token: usize) -> Option<u32> {
        self.tokens.ids.get(token).copied()
    }

    fn is_unknown(&self, token: usize) -> bool {
        self.id(token) == self.tokenizer.unk()
    }

    fn piece(&self, token: usize) -> &str {
        self.id(token).and_then(|id| self.tokenizer.id_to_token(id)).unwrap_or("")
    }

    /// The token as it stands in the vocabulary, or the text that an unknown one stands for.
    pub(super) fn word(&self, token: usize) -> String {
        let (start, end) = self.range(token, token + 1);
        if self.is_unknown(token) { self.text.get(start, end) } else { self.piece(token) }.to_owned()
    }

    /// A token goes on with a word when a blank is neither its first character nor the one before; with a vocabulary that
    /// marks continuations, when it is marked.
    pub(super) fn kind(&self, token: usize) -> TokenKind {
        let (start, end) = self.range(token, token + 1);
        let continues = match self.tokenizer.continuation_prefix() {
            Some(_) => self.piece(token).chars().count() != (end - start) as usize,
            None => start > 0 && !self.text.get(start - 1, start + 1).contains(' '),
        };
        match self.tokens.special.get(token) {
            Some(false) if continues && !self.is_unknown(token) => TokenKind::Continues,
            Some(false) => TokenKind::Begins,
            _ => TokenKind::Special,
        }
    }

    /// The text of an entity's tokens. `by_word` joins each word's tokens first, as the pipeline does for the strategies that
    /// make words; with a vocabulary that marks beginnings of words, the blanks between words are lost then.
    pub(super) fn words(&self, entity: &Entity, by_word: bool) -> String {
        let tokens = (entity.start..entity.end).filter(|&token| self.kind(token) != TokenKind::Special);
        if !by_word {
            return self.join(&tokens.map(|token| self.word(token)).collect::<Vec<_>>());
        }
        let mut words: Vec<Vec<String>> = Vec::new();
        for token in tokens {
            match words.last_mut() {
                Some(word) if self.kind(token) == TokenKind::Continues => word.push(self.word(token)),
                _ => words.push(vec![self.word(token)]),
            }
        }
        self.join(&words.iter().map(|word| self.join(word)).collect::<Vec<_>>())
    }

    /// Tokens to text.
    fn join(&self, words: &[String]) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        self.tokenizer.convert_tokens_to_string(words.iter().map(String::as_str), &mut text).unwrap_or_default();
        text
    }
}
