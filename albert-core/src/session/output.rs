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
    /// Layers that ran: fewer than the model has after an early exit.
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

    /// The positions that the rows of the hidden state stand for: listed ones in the order of the list, else ascending, but
    /// for position 0 when it is masked, which is the last.
    pub fn positions(&self) -> &'s [u32] {
        self.positions
    }

    /// Pooled output `[H]`; `None` without a pooler or without position 0.
    pub fn pooled(&self) -> Option<&'s [f32]> {
        if self.pooled.is_empty() { None } else { Some(self.pooled) }
    }

    /// Logits: `[C]` for sequence classification, multiple choice and sentence order, `[positions][C]` for token
    /// classification and question answering; empty for other heads.
    pub fn logits(&self) -> &'s [f32] {
        self.logits
    }
}
