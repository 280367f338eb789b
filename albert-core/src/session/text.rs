//! From text: the tokenizer works in the arena, before the hidden states need it.

use super::ids::{select, set_row};
use super::{Phase, Session};
use crate::error::InputError;
use crate::memory::Sequence;
use crate::memory::plan::Token;
use crate::slices::OrEmpty;
use crate::tokenizer::{EncodeError, EncodeOptions};

/// Why a text cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TextError {
    /// The model file has no tokenizer.
    NoTokenizer,
    /// The text cannot be encoded.
    Encode(EncodeError),
    /// The ids cannot be run.
    Input(InputError),
}

impl core::fmt::Display for TextError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoTokenizer => f.write_str("the model file has no tokenizer"),
            Self::Encode(error) => error.fmt(f),
            Self::Input(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TextError {}

impl Session<'_, '_> {
    /// Starts a text or a pair of texts: tokens, special tokens and token types. The text may have as many tokens as the session was
    /// planned for, or fewer if [`EncodeOptions::max_tokens`] says so. The arena serves as the tokenizer's memory.
    ///
    /// # Errors
    /// [`TextError`] if the text cannot be encoded or has too many tokens; nothing is started then.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn start_text(&mut self, text: &str, pair: Option<&str>, options: &EncodeOptions) -> Result<(), TextError> {
        let tokenizer = self.context.model.tokenizer().ok_or(TextError::NoTokenizer)?;
        let limit = options.max_tokens.map_or(self.plan.tokens, |limit| limit.min(self.plan.tokens));
        let options = EncodeOptions { max_tokens: Some(limit), ..*options };
        self.phase = Phase::Idle;
        let (ids, token_types, memory) = self.arena.text_memory();
        let encoding = tokenizer.encode(text, pair, &options, memory).map_err(TextError::Encode)?;
        let tokens = encoding.ids().iter().zip(encoding.type_ids());
        let places = ids.iter_mut().zip(token_types.iter_mut());
        for ((id, token_type), (&from_id, &from_type)) in places.zip(tokens) {
            (*id, *token_type) = (from_id, from_type.into());
        }
        let tokens = encoding.len();
        self.start_encoded(tokens).map_err(TextError::Input)
    }

    /// Starts with the ids and token types that lie in the arena's rows and selection.
    fn start_encoded(&mut self, tokens: usize) -> Result<(), InputError> {
        let config = *self.context.model.config();
        if tokens == 0 {
            return Err(InputError::Empty);
        }
        let one_row = self.reads_first_row();
        let (mut shared, _) = self.arena.divide();
        for index in 0..tokens {
            let at = |values: &[u32]| values.get(index).copied().or_empty();
            let token = Token { id: at(shared.rows), token_type: at(shared.selected), position: index as u32 };
            if token.id >= config.vocab_size {
                return Err(InputError::Id { index, id: token.id });
            }
            if token.token_type >= config.type_vocab_size {
                return Err(InputError::TokenType { index, token_type: token.token_type });
            }
            set_row(&mut shared, index, token);
        }
        let selected = select(shared.selected, 0..if one_row { 1 } else { tokens }) as u32;
        let (mut end, tokens) = (Sequence::default(), tokens as u32);
        let poolable = if one_row { 0 } else { tokens };
        let sequence = Sequence { rows: tokens, keys: tokens, selected, poolable, ..end };
        self.append(0, sequence, &mut end);
        self.begin(1, &end, None);
        Ok(())
    }
}
