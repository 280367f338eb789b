//! What a session gives back.

/// The results of one inference, in the arena.
#[derive(Clone, Copy, Debug)]
pub struct Output<'s> {
    pub(super) layers: u32,
    pub(super) hidden: &'s [f32],
    pub(super) hidden_size: usize,
    pub(super) positions: &'s [u32],
    pub(super) pooled: &'s [f32],
    pub(super) logits: &'s [f32],
}

impl<'s> Output<'s> {
    /// Number of layers that ran: after an early exit, fewer than the model has.
    pub fn layers(&self) -> u32 {
        self.layers
    }

    /// Last hidden state of each position in [`Output::positions`]: `[positions][H]`.
    pub fn last_hidden_state(&self) -> &'s [f32] {
        self.hidden
    }

    /// Width of a hidden state, H.
    pub fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    /// The position of each row of the hidden state: in the order of the list if positions were listed, else ascending. A masked
    /// position 0 comes last.
    pub fn positions(&self) -> &'s [u32] {
        self.positions
    }

    /// Pooled output `[H]`; `None` if the model has no pooler, or if position 0 was not computed.
    pub fn pooled(&self) -> Option<&'s [f32]> {
        if self.pooled.is_empty() { None } else { Some(self.pooled) }
    }

    /// Logits: `[C]` for sequence classification, multiple choice and sentence order, `[positions][C]` for token
    /// classification and question answering; empty for other heads.
    pub fn logits(&self) -> &'s [f32] {
        self.logits
    }
}
