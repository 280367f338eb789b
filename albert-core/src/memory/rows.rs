//! Views of parts of the arena.

use core::slice::SliceIndex;

/// A part that the plan has made room for, or that a checked model has. Debug builds assert that it is there; release builds, which
/// have no panics, take it to be empty.
#[inline(always)]
#[track_caller]
pub(crate) fn part<T, I: SliceIndex<[T], Output = [T]>>(data: &[T], range: I) -> &[T] {
    let part = data.get(range);
    debug_assert!(part.is_some(), "a slice is shorter than planned");
    part.unwrap_or(&[])
}

/// As [`part`], to be written.
#[inline(always)]
#[track_caller]
pub(crate) fn part_mut<T, I: SliceIndex<[T], Output = [T]>>(data: &mut [T], range: I) -> &mut [T] {
    let part = data.get_mut(range);
    debug_assert!(part.is_some(), "a slice is shorter than planned");
    part.unwrap_or(&mut [])
}

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
