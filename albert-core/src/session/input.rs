//! What a session runs.

/// An input of a session: token ids, and how to run them.
///
/// A token's position is its index in `ids`, from 0; padding and masked tokens count.
#[derive(Clone, Copy, Debug)]
pub struct Input<'i> {
    pub(super) ids: &'i [u32],
    pub(super) token_types: &'i [u32],
    pub(super) attention_mask: &'i [u32],
    pub(super) positions: Positions<'i>,
    pub(super) layers: Option<u32>,
}

/// The positions whose hidden states the last layer computes. Other positions serve only as keys and values there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Positions<'i> {
    /// Those that the head reads: position 0 if it reads a pooled output, otherwise all.
    Head,
    /// Every position that is not masked.
    All,
    /// These, each once, in any order; row i of the output is the i-th of them. Masked positions are not allowed, except position 0.
    Listed(&'i [u32]),
}

impl<'i> Input<'i> {
    /// A single text: `ids` with their special tokens, token types 0, nothing masked.
    pub const fn new(ids: &'i [u32]) -> Self {
        Self { ids, token_types: &[], attention_mask: &[], positions: Positions::Head, layers: None }
    }

    /// Sets a token type for each id.
    pub const fn with_token_types(mut self, token_types: &'i [u32]) -> Self {
        self.token_types = token_types;
        self
    }

    /// Sets an attention mask: one number for each id, 0 for masked ones. Masked tokens are not computed at all.
    pub const fn with_attention_mask(mut self, attention_mask: &'i [u32]) -> Self {
        self.attention_mask = attention_mask;
        self
    }

    /// Sets the positions whose hidden states are wanted.
    pub const fn with_positions(mut self, positions: Positions<'i>) -> Self {
        self.positions = positions;
        self
    }

    /// Runs only the first `layers` layers, from 1 to the model's number.
    pub const fn with_layers(mut self, layers: u32) -> Self {
        self.layers = Some(layers);
        self
    }
}
