//! Products of a few rows with codebook panels: weights go from the expansion into `vpdpbusd` without a store, so that they
//! cost no more than the ports that make them, and half the bytes come from memory.

use super::x86_codebook::Expansion512;
use super::{CodebookPanel, Product};
use core::arch::asm;
use core::arch::x86_64::*;

/// Calls the tile with the constants that stand for `$rows` and `$fifths`.
macro_rules! tile_of {
    ($rows:expr, $fifths:expr, [$(($r:literal, $first:literal, $rest:literal))*], $arguments:tt) => {
        match ($rows, $fifths) {
            $(($r, false) => tile::<$first, $rest, false> $arguments,)*
            $(($r, true) => tile::<$first, $rest, true> $arguments,)*
            _ => return false,
        }
    };
}

/// Most rows with 16 and with 32 levels. For more, weights that are expanded to the first-level cache are multiplied faster: four
/// blocks share the broadcasts of the activations there.
const MOST_ROWS: [usize; 2] = [8, 4];

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn multiply_panel(size: &Product, a: &[u8], panel: &CodebookPanel<'_>, sums: &mut [i32]) -> bool {
    let fifths = !panel.fifths.is_empty();
    if size.rows > MOST_ROWS[usize::from(fifths)] {
        return false;
    }
    // SAFETY: the sizes fit the slices.
    unsafe {
        tile_of!(
            size.rows,
            fifths,
            [(1, 1, 0)(2, 2, 0)(3, 3, 0)(4, 4, 0)(5, 3, 2)(6, 3, 3)(7, 4, 3)(8, 4, 4)],
            (size, a.as_ptr(), panel, sums.as_mut_ptr())
        );
    }
    true
}

/// Adds the products of a row's next eight bytes to two sums. One piece of assembly, so that the compiler does not load the bytes
/// of all rows first, for which there are no registers.
macro_rules! add_products {
    ($sums:ident, $weights:ident, $row:literal, $($name:ident = $address:expr),*) => {
        asm!(
            concat!("vpbroadcastd {bytes}, [", $row, "]"),
            "vpdpbusd {low}, {bytes}, {first}",
            concat!("vpbroadcastd {bytes}, [", $row, " + 4]"),
            "vpdpbusd {high}, {bytes}, {second}",
            $($name = in(reg) $address,)*
            low = inout(zmm_reg) $sums[0],
            high = inout(zmm_reg) $sums[1],
            first = in(zmm_reg) $weights[0],
            second = in(zmm_reg) $weights[1],
            bytes = out(zmm_reg) _,
            options(pure, readonly, nostack, preserves_flags)
        )
    };
}

/// Up to four rows: the compiler unrolls no more.
struct Rows<const R: usize> {
    /// Rows 0 and 3: rows are addressed as 0, 1 and 2 strides from every third one, which saves additions on the ports of the
    /// products.
    thirds: [*const u8; 2],
    stride: usize,
    /// Of slots 0 to 3 and 4 to 7 of the units, so that a product does not wait for the one before.
    sums: [[__m512i; 2]; R],
}

impl<const R: usize> Rows<R> {
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn new(a: *const u8, stride: usize) -> Self {
        Self { thirds: [a, a.wrapping_add(3 * stride)], stride, sums: [[_mm512_setzero_si512(); 2]; R] }
    }

    /// Adds the products of a unit and goes on to the next.
    ///
    /// # Safety
    /// Eight bytes of each row follow.
    #[target_feature(enable = "avx512f,avx512vnni")]
    #[inline]
    unsafe fn multiply(&mut self, weights: [__m512i; 2]) {
        let stride = self.stride;
        for (r, sums) in self.sums.iter_mut().enumerate() {
            let third = self.thirds[r / 3];
            // SAFETY: eight bytes of the row follow.
            unsafe {
                match r % 3 {
                    0 => add_products!(sums, weights, "{row}", row = third),
                    1 => add_products!(sums, weights, "{row} + {stride}", row = third, stride = stride),
                    _ => add_products!(sums, weights, "{row} + 2*{stride}", row = third, stride = stride),
                }
            }
        }
        self.thirds = self.thirds.map(|third| third.wrapping_add(8));
    }
}

/// `FIRST` and `REST` rows by one panel.
///
/// # Safety
/// `a` has that many rows of 8 bytes a unit, and `sums` as many of 16, with the strides of `size`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn tile<const FIRST: usize, const REST: usize, const FIFTHS: bool>(
    size: &Product,
    a: *const u8,
    panel: &CodebookPanel<'_>,
    sums: *mut i32,
) {
    let expansion = Expansion512::new(panel);
    let mut first = Rows::<FIRST>::new(a, size.row_bytes);
    let mut rest = Rows::<REST>::new(a.wrapping_add(FIRST * size.row_bytes), size.row_bytes);
    for (unit, (codes, &multipliers)) in panel.codes.iter().zip(panel.multipliers).enumerate() {
        _mm_prefetch::<_MM_HINT_T0>(codes.as_ptr().wrapping_add(AHEAD).cast());
        let fifths = panel.fifths.get(unit).filter(|_| FIFTHS);
        let weights = expansion.unit::<FIFTHS>(codes, multipliers, fifths.unwrap_or(&[0; 16]));
        // SAFETY: the unit is one of the panel's.
        unsafe {
            first.multiply(weights);
            rest.multiply(weights);
        }
    }
    for (r, &[low, high]) in first.sums.iter().chain(&rest.sums).enumerate() {
        // SAFETY: row r of the sums has 16 elements.
        unsafe { _mm512_storeu_si512(sums.add(r * size.row_sums).cast(), _mm512_add_epi32(low, high)) };
    }
}

/// Bytes from the codes at hand to those that are fetched: a panel follows the other.
const AHEAD: usize = 2048;
