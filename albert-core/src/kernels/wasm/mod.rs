//! WebAssembly with 128-bit vectors.

mod activate;
mod codebook;
mod float;
mod lanes;
#[cfg(target_feature = "relaxed-simd")]
mod product;
#[cfg(target_feature = "relaxed-simd")]
mod relaxed;
mod simd128;
mod widened;

use super::{KernelSet, scalar};

/// The sets, best first.
pub(super) const SETS: &[&KernelSet] = &[
    #[cfg(target_feature = "relaxed-simd")]
    &relaxed::UNSIGNED,
    #[cfg(target_feature = "relaxed-simd")]
    &relaxed::SIGNED,
    &simd128::SET,
    &scalar::SET,
];

/// First row and rows of tiles of at most `most` rows, split evenly, so that no tile is much smaller than the others,
/// and none than those before.
#[inline(always)]
fn even_rows(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut row = 0;
    core::iter::from_fn(move || {
        let left = rows - row;
        let count = left / left.div_ceil(most).max(1);
        row += count;
        (count > 0).then_some((row - count, count))
    })
}
