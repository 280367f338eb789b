//! Parts of slices that must be there: the plan has made room for them, or a model has been checked for them.
//!
//! Debug builds assert it, so that a wrong size is found where it is made; release builds, which have no panics, take such a part to
//! be empty.

use bytemuck::{AnyBitPattern, NoUninit};
use core::ops::{Bound, RangeBounds};

/// What follows where a size that was planned or checked does not hold. Debug builds panic; release builds go on without.
#[inline(always)]
#[track_caller]
pub(crate) fn ruled_out() {
    debug_assert!(false, "a size is not what was planned");
}

/// A part of a slice.
#[inline(always)]
#[track_caller]
pub(crate) fn part<T>(data: &[T], range: impl RangeBounds<usize>) -> &[T] {
    let (start, end) = bounds(&range, data.len());
    debug_assert!(data.get(start..end).is_some(), "a slice is shorter than planned");
    between(data, start, end)
}

/// As [`part`], to be written.
#[inline(always)]
#[track_caller]
pub(crate) fn part_mut<T>(data: &mut [T], range: impl RangeBounds<usize>) -> &mut [T] {
    let (start, end) = bounds(&range, data.len());
    debug_assert!(data.get(start..end).is_some(), "a slice is shorter than planned");
    between_mut(data, start, end)
}

/// Start and end of a range.
#[inline(always)]
fn bounds(range: &impl RangeBounds<usize>, len: usize) -> (usize, usize) {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.saturating_add(1),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => len,
    };
    (start, end)
}

// One copy for each type of element where flash is scarce; so are the two functions below.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn between<T>(data: &[T], start: usize, end: usize) -> &[T] {
    data.get(start..end).unwrap_or(&[])
}

#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn between_mut<T>(data: &mut [T], start: usize, end: usize) -> &mut [T] {
    data.get_mut(start..end).unwrap_or(&mut [])
}

/// A part of a text, whose ends are boundaries of characters.
#[inline(always)]
#[track_caller]
pub(crate) fn text_part(text: &str, range: impl RangeBounds<usize>) -> &str {
    let (start, end) = bounds(&range, text.len());
    debug_assert!(text.get(start..end).is_some(), "a text is shorter than found, or cut inside of a character");
    text_between(text, start, end)
}

#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn text_between(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

/// Writes one element.
#[inline(always)]
#[track_caller]
pub(crate) fn put<T>(data: &mut [T], index: usize, value: T) {
    match data.get_mut(index) {
        Some(place) => *place = value,
        None => ruled_out(),
    }
}

/// Fills bytes. One copy where flash is scarce: a constant of 0 has a function of its own in the compiler's library.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
pub(crate) fn fill(bytes: &mut [u8], value: u8) {
    bytes.fill(value);
}

/// Copies values to where there is room for as many.
#[inline(always)]
#[track_caller]
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    debug_assert!(to.len() == from.len(), "slices to copy have different lengths");
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// A slice as one of other elements, which it is aligned for and a whole number of.
#[inline(always)]
#[track_caller]
pub(crate) fn cast<A: NoUninit, B: AnyBitPattern>(data: &[A]) -> &[B] {
    let cast = bytemuck::try_cast_slice(data);
    debug_assert!(cast.is_ok(), "a slice is misaligned or no whole number of elements");
    cast.unwrap_or(&[])
}

/// As [`cast`], to be written.
#[inline(always)]
#[track_caller]
pub(crate) fn cast_mut<A: NoUninit + AnyBitPattern, B: NoUninit + AnyBitPattern>(data: &mut [A]) -> &mut [B] {
    let cast = bytemuck::try_cast_slice_mut(data);
    debug_assert!(cast.is_ok(), "a slice is misaligned or no whole number of elements");
    cast.unwrap_or(&mut [])
}

/// The value of a look-up that earlier checks have shown to succeed.
pub(crate) trait OrEmpty<T> {
    /// The value. If there is none, a debug build panics and a release build uses an empty one.
    fn or_empty(self) -> T;
}

impl<T: Default> OrEmpty<T> for Option<T> {
    #[inline(always)]
    #[track_caller]
    fn or_empty(self) -> T {
        debug_assert!(self.is_some(), "a checked lookup failed");
        self.unwrap_or_default()
    }
}

impl<T: Default, E> OrEmpty<T> for Result<T, E> {
    #[inline(always)]
    #[track_caller]
    fn or_empty(self) -> T {
        self.ok().or_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A panic cannot be caught where it ends the program, as on WebAssembly.
    #[cfg(all(panic = "unwind", debug_assertions))]
    #[test]
    fn a_wrong_size_is_noticed() {
        let fails = |check: fn()| std::panic::catch_unwind(check).is_err();
        assert!(fails(ruled_out));
        assert!(fails(|| _ = part(&[0u8; 4], 2..5)));
        assert!(fails(|| _ = part_mut(&mut [0u8; 4], ..5)));
        assert!(fails(|| _ = text_part("\u{e9}", 1..)));
        assert!(fails(|| _ = cast::<u8, u32>(&[0; 3])));
        assert!(fails(|| _ = cast_mut::<u8, u32>(&mut [0; 3])));
    }

    #[test]
    fn a_right_size_is_given() {
        assert_eq!(part(&[1, 2, 3], 1..), [2, 3]);
        assert_eq!(part_mut(&mut [1, 2, 3], ..2), [1, 2]);
        assert_eq!(part(&[1, 2, 3], 0..=1), [1, 2]);
        assert_eq!(text_part("a\u{e9}b", 1..3), "\u{e9}");
        assert_eq!(cast::<u32, u8>(&[0]), [0; 4]);
        assert_eq!(cast_mut::<u32, u8>(&mut [0]), [0; 4]);
    }
}
