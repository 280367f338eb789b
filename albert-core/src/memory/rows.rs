//! Views of parts of the arena.

#[cfg(feature = "weight-copies")]
use crate::slices::part_mut;

/// Rows of f32 in a larger buffer: row r is `data[r * stride..][..width]`.
pub(crate) struct Rows<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

impl Rows<'_> {
    /// The first `width` elements of every row.
    pub(crate) fn iter_mut(&mut self, width: usize) -> impl Iterator<Item = &mut [f32]> {
        self.data.chunks_mut(self.stride.max(1)).take(self.count).filter_map(move |row| row.get_mut(..width))
    }
}

/// Some columns of rows: those of row r start at `data[r * stride]`.
pub(crate) struct Columns<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) stride: usize,
    pub(crate) rows: usize,
}

#[cfg(feature = "weight-copies")]
impl Columns<'_> {
    /// Those from the `first` on.
    pub(crate) fn from(&mut self, first: usize) -> Columns<'_> {
        Columns { data: part_mut(self.data, first..), stride: self.stride, rows: self.rows }
    }
}
