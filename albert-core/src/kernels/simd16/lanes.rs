//! Vectors of 16 lanes, as the row kernels of `vector` need them. What a set has no instructions for goes through memory.

use crate::kernels::math::Float;
use crate::kernels::scalar;
use core::ops::Add;

/// 16 lanes of f32 in one or several registers.
///
/// Functions that make a vector from other things take a proof that the CPU has the instructions; those that take a vector
/// need none, since there would be no vector otherwise.
pub(crate) trait Lanes: Float {
    /// Shows that the instructions are there: can be had only where they are enabled.
    type Proof: Copy;
    /// Whether loops take four vectors side by side, as layer norm takes four rows: a sum waits for the addition before it, and other
    /// sums do not. Where a vector is four registers already, one is enough, and four would not fit them.
    const FOUR: bool = true;
    /// Whether dequantization takes four rows side by side. For vectors of four registers there are too few.
    const FOUR_ROWS: bool = false;

    /// The proof that a vector is.
    fn proof(self) -> Self::Proof;
    /// `x` in every lane.
    fn all(proof: Self::Proof, x: f32) -> Self;
    /// Fetches the 64 bytes at an address, which may be any, into the first-level cache, where there is a hint for that.
    #[inline(always)]
    fn fetch(_address: *const f32) {}
    /// The lanes of an array.
    fn load(proof: Self::Proof, x: &[f32; 16]) -> Self;
    /// Writes the lanes.
    fn store(self, out: &mut [f32; 16]);
    /// `(a - b * factor) as f32`, integers wrapping.
    fn difference(proof: Self::Proof, a: &[i32; 16], b: &[i32; 16], factor: i32) -> Self;
    /// `(a - b) as f32`, integers wrapping.
    fn plain_difference(proof: Self::Proof, a: &[i32; 16], b: &[i32; 16]) -> Self;
    /// The bits of each lane plus `zero_point`, wrapping, clamped to [-127, 127], plus `offset`.
    fn store_bytes(self, zero_point: i32, offset: i32, out: &mut [u8; 16]);

    /// Up to 16 elements, the other lanes `fill`.
    #[inline(always)]
    fn load_part(proof: Self::Proof, x: &[f32], fill: f32) -> Self {
        Self::load(proof, &padded(x, fill))
    }

    /// Writes the first lanes, as many as there are elements.
    #[inline(always)]
    fn store_part(self, out: &mut [f32]) {
        let mut all = [0.0; 16];
        self.store(&mut all);
        copy_first(&all, out);
    }

    /// [`Self::difference`] of up to 16 elements; the other lanes are 0.
    #[inline(always)]
    fn difference_part(proof: Self::Proof, a: &[i32], b: &[i32], factor: i32) -> Self {
        Self::difference(proof, &padded(a, 0), &padded(b, 0), factor)
    }

    /// [`Self::plain_difference`] of up to 16 elements; the other lanes are 0.
    #[inline(always)]
    fn plain_difference_part(proof: Self::Proof, a: &[i32], b: &[i32]) -> Self {
        Self::plain_difference(proof, &padded(a, 0), &padded(b, 0))
    }

    /// [`Self::store_bytes`] of the first lanes, as many as there are bytes.
    #[inline(always)]
    fn store_bytes_part(self, zero_point: i32, offset: i32, out: &mut [u8]) {
        let mut all = [0; 16];
        self.store_bytes(zero_point, offset, &mut all);
        copy_first(&all, out);
    }

    /// The lanes from `count` on replaced by `fill`.
    #[inline(always)]
    fn keep_first(self, count: usize, fill: f32) -> Self {
        let mut all = [0.0; 16];
        self.store(&mut all);
        for lane in all.iter_mut().skip(count) {
            *lane = fill;
        }
        Self::load(self.proof(), &all)
    }

    /// [`Self::store_bytes`] of four vectors.
    #[inline(always)]
    fn store_four(vectors: [Self; 4], zero_point: i32, offset: i32, out: &mut [u8; 64]) {
        if let [first, second, third, fourth] = out.as_chunks_mut::<16>().0 {
            let [a, b, c, d] = vectors;
            a.store_bytes(zero_point, offset, first);
            b.store_bytes(zero_point, offset, second);
            c.store_bytes(zero_point, offset, third);
            d.store_bytes(zero_point, offset, fourth);
        }
    }

    /// `self.abs().greater(other)`, for what is not negative.
    #[inline(always)]
    fn abs_greater(self, other: Self) -> Self {
        self.abs().greater(other)
    }

    /// Sum of the lanes, folded 8+8, 4+4, 2+2, 1+1.
    #[inline(always)]
    fn sum(self) -> f32 {
        fold(self, Add::add)
    }

    /// Least lane, compared in the order of [`Self::sum`].
    #[inline(always)]
    fn least(self) -> f32 {
        fold(self, Float::lesser)
    }

    /// Greatest lane, compared in the order of [`Self::sum`].
    #[inline(always)]
    fn greatest(self) -> f32 {
        fold(self, Float::greater)
    }
}

/// The first elements of 16, the others `fill`.
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn padded<T: Copy>(x: &[T], fill: T) -> [T; 16] {
    let mut all = [fill; 16];
    for (out, &x) in all.iter_mut().zip(x) {
        *out = x;
    }
    all
}

/// Copies the first elements of 16.
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn copy_first<T: Copy>(all: &[T; 16], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(all) {
        *out = x;
    }
}

/// Folds the lanes 8+8, 4+4, 2+2, 1+1.
#[inline(always)]
fn fold<L: Lanes>(vector: L, both: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; 16];
    vector.store(&mut lanes);
    scalar::fold_lanes(lanes, both)
}

// Closures do not inherit the caller's instructions and are not always inlined, which would leave a call for every
// intrinsic; hence macros and functions that are.

/// Runs `$body` for 16 elements at a time as `$vector`, the last padded with `$fill`.
macro_rules! for_each {
    ($lanes:ty, $proof:expr, $x:expr, $fill:expr, $vector:ident => $body:expr) => {{
        let (chunks, tail) = $x.as_chunks::<16>();
        for chunk in chunks {
            let $vector = <$lanes>::load($proof, chunk);
            $body;
        }
        if !tail.is_empty() {
            let $vector = <$lanes>::load_part($proof, tail, $fill);
            $body;
        }
    }};
}
pub(crate) use for_each;
