//! What a session runs.

/// What to run.
///
/// Positions count from 0; a token's position is its index in `ids`, padding and masked tokens included.
#[derive(Clone, Copy, Debug)]
pub struct Input<'i> {
    pub(super) ids: &'i [u32],
    pub(super) token_types: &'i [u32],
    pub(super) attention_mask: &'i [u32],
    pub(super) positions: Positions<'i>,
    pub(super) layers: Option<u32>,
}

/// The positions whose hidden states are carried through the last layer. The others' are needed only as keys and values
/// there, and are not computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Positions<'i> {
    /// Those that the head reads: position 0 for a pooled output, all for the others.
    Head,
    /// Every position that the attention mask lets through.
    All,
    /// These, each once, in any order; row i of the output is the i-th of them. Position 0 may be one also when it is
    /// masked, other masked positions may not.
    Listed(&'i [u32]),
}

impl<'i> Input<'i> {
    /// A single text: `ids` with their special tokens, token types 0, everything attended to.
    pub const fn new(ids: &'i [u32]) -> Self {
        Self { ids, token_types: &[], attention_mask: &[], positions: Positions::Head, layers: None }
    }

    /// With a token type for each id.
    pub const fn with_token_types(mut self, token_types: &'i [u32]) -> Self {
        self.token_types = token_types;
        self
    }

    /// With an attention mask: one number for each id, 0 for those that are not attended to. They are not computed at all.
    pub const fn with_attention_mask(mut self, attention_mask: &'i [u32]) -> Self {
        self.attention_mask = attention_mask;
        self
    }

    /// With the positions whose hidden states are wanted.
    pub const fn with_positions(mut self, positions: Positions<'i>) -> Self {
        self.positions = positions;
        self
    }

    /// With only the first `layers` layers.
    pub const fn with_layers(mut self, layers: u32) -> Self {
        self.layers = Some(layers);
        self
    }
}
