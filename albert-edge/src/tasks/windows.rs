//! Long texts in windows that overlap.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use albert_core::tokenizer::{EncodeOptions, Tokenizer, windows};

use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};

/// A text's tokens, special tokens left out, and the ranges of them that go into a window each.
pub(super) struct Windowed {
    pub(super) text: Tokens,
    pub(super) ranges: Vec<Range<usize>>,
}

impl Windowed {
    /// `length` is that of a window with its special tokens and the tokens `before` the text; two windows share `stride`
    /// tokens of the text.
    pub(super) fn new(
        engine: &Engine,
        before: Option<&[u32]>,
        text: &str,
        length: usize,
        stride: usize,
    ) -> Result<Self> {
        let options = EncodeOptions { add_special_tokens: false, ..EncodeOptions::default() };
        let text = engine.encode(text, None, &options)?;
        let others = before.map_or(0, <[u32]>::len) + engine.tokenizer()?.special_token_count(before.is_some());
        let size = length.saturating_sub(others);
        if size == 0 {
            return Err(Error::WindowTooSmall { length, others });
        }
        if stride >= size && text.len() > size {
            return Err(Error::StrideTooLarge { size, stride });
        }
        let ranges = windows(text.len(), size, stride).collect();
        Ok(Self { text, ranges })
    }

    /// A window as an input: special tokens around the range and the tokens `before` it. Returns the place of the range's
    /// first token, too.
    pub(super) fn input(
        &self,
        tokenizer: Tokenizer<'_>,
        before: Option<&[u32]>,
        range: &Range<usize>,
    ) -> Result<(Tokens, usize)> {
        let text = &self.text;
        let part = text.ids.get(range.clone()).unwrap_or(&[]);
        let (first, second) = before.map_or((part, None), |before| (before, Some(part)));
        let total = first.len() + second.map_or(0, <[u32]>::len) + tokenizer.special_token_count(second.is_some());
        let (mut ids, mut types, mut special) = (vec![0; total], vec![0; total], vec![0; total]);
        let lengths = (first.len(), second.map(<[u32]>::len));
        tokenizer.build_inputs(first, second, &mut ids).map_err(Error::Encode)?;
        tokenizer.token_types(lengths.0, lengths.1, &mut types).map_err(Error::Encode)?;
        tokenizer.special_tokens_mask(lengths.0, lengths.1, &mut special).map_err(Error::Encode)?;
        // The text follows the tokens before it; special tokens stand around and between.
        let mut ordinary = (0..total).filter(|&at| special.get(at) == Some(&0));
        let begin = ordinary.nth(before.map_or(0, <[u32]>::len)).unwrap_or(total);
        let mut tokens = Tokens {
            ids,
            types: types.into_iter().map(u32::from).collect(),
            special: special.iter().map(|&special| special != 0).collect(),
            offsets: vec![Default::default(); total],
            words: vec![None; total],
        };
        for (at, from) in (begin..total).zip(range.clone()) {
            if let (Some(offsets), Some(word)) = (tokens.offsets.get_mut(at), tokens.words.get_mut(at)) {
                *offsets = text.offsets.get(from).copied().unwrap_or_default();
                *word = text.words.get(from).copied().flatten();
            }
        }
        Ok((tokens, begin))
    }
}
