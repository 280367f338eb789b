//! A look inside an inference, for calibration and measurements: inputs of linears, hidden states.

use crate::memory::Rows;

/// Sees f32 rows while an inference runs.
///
/// Query, key and value read one input, which is shown once, as the query's.
pub trait Observer: Sync {
    /// `row` is an input of the linear with this role (see [`role`](crate::format::layout::role)) of this block; 0 for a linear
    /// outside the blocks, the layer (from 0) for an exit's classifier.
    fn linear_input(&self, role: u16, block: usize, row: &[f32]);

    /// The hidden states after this many layers, 0 for the embeddings: `[rows][H]`, in the order of the positions. Several inputs follow
    /// one another.
    fn hidden_states(&self, layers: usize, hidden: &[f32]) {
        let _ = (layers, hidden);
    }
}

/// An observer, or none.
#[derive(Clone, Copy, Default)]
pub(crate) struct Observing<'o>(pub(crate) Option<&'o dyn Observer>);

impl Observing<'_> {
    /// Shows the first `width` elements of every row.
    pub(crate) fn show(&self, role: u16, block: usize, rows: &mut Rows<'_>, width: usize) {
        if let Some(observer) = self.0 {
            rows.iter_mut(width).for_each(|row| observer.linear_input(role, block, row));
        }
    }

    /// Shows the hidden states after `layers` layers.
    pub(crate) fn show_states(&self, layers: usize, hidden: &[f32]) {
        if let Some(observer) = self.0 {
            observer.hidden_states(layers, hidden);
        }
    }
}
