//! A look at what goes into every linear, for calibration.

use crate::encoder::Rows;

/// Sees the f32 input rows of the linears while an inference runs.
///
/// Query, key and value read one input, which is shown once, as the query's.
pub trait Observer: Sync {
    /// `row` goes into the linear with this role (see [`role`](crate::format::layout::role)) of this block; 0 for a linear
    /// outside the blocks.
    fn linear_input(&self, role: u16, block: usize, row: &[f32]);
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
}
