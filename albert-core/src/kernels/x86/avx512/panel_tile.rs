//! Sums of a few rows by two codebook panels, in registers.

use crate::kernels::unrolled::unrolled;
use core::arch::asm;
use core::arch::x86_64::*;

/// Most rows of a tile: with two panels 16 sums, four weights, a broadcast, and what an expansion needs.
pub(crate) const TILE_ROWS: usize = 8;

/// Where a tile reads and writes.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) a: *const u8,
    pub(crate) row_bytes: usize,
    pub(crate) sums: *mut i32,
    pub(crate) row_sums: usize,
    /// Whether products are added to the sums that are there.
    pub(crate) adds: bool,
}

/// Adds the products of a row's next eight bytes to the sums of two panels. One piece of assembly, so that the compiler does not load the
/// bytes of all rows first, for which there are no registers.
macro_rules! add_products {
    ($row:literal in $address:expr, $sums:expr, $weights:expr, [$($name:ident = $stride:expr),*]) => {
        asm!(
            concat!("vpbroadcastd {bytes}, [{a} + ", $row, "]"),
            "vpdpbusd {sum0}, {bytes}, {low0}",
            "vpdpbusd {sum1}, {bytes}, {low1}",
            concat!("vpbroadcastd {bytes}, [{a} + ", $row, " + 4]"),
            "vpdpbusd {sum0}, {bytes}, {high0}",
            "vpdpbusd {sum1}, {bytes}, {high1}",
            a = in(reg) $address,
            $($name = in(reg) $stride,)*
            sum0 = inout(zmm_reg) $sums[0],
            sum1 = inout(zmm_reg) $sums[1],
            low0 = in(zmm_reg) $weights[0][0],
            high0 = in(zmm_reg) $weights[0][1],
            low1 = in(zmm_reg) $weights[1][0],
            high1 = in(zmm_reg) $weights[1][1],
            bytes = out(zmm_reg) _,
            options(pure, readonly, nostack, preserves_flags)
        )
    };
}

/// The sums of a tile of `R` rows and two panels, and the activations that come next.
pub(crate) struct Tile<const R: usize> {
    a: *const u8,
    /// 1, 3, 5 and 7 times the bytes of a row: with them an address names any row, and one addition goes on to the next places. Additions
    /// take the ports of the products.
    strides: [usize; 4],
    sums: [[__m512i; 2]; TILE_ROWS],
}

impl<const R: usize> Tile<R> {
    /// # Safety
    /// `R` rows of 32 sums are at the place.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) unsafe fn new(place: Place) -> Self {
        let mut sums = [[_mm512_setzero_si512(); 2]; TILE_ROWS];
        if place.adds {
            unrolled!(r in [0 1 2 3 4 5 6 7], R => {
                unrolled!(b in [0 1], 2 => {
                    // SAFETY: row r has 32 sums.
                    sums[r][b] = unsafe { _mm512_loadu_si512(place.sums.add(r * place.row_sums + b * 16).cast()) };
                });
            });
        }
        Self { a: place.a, strides: [1, 3, 5, 7].map(|rows| rows * place.row_bytes), sums }
    }

    /// Adds the products of a unit of both panels and goes on to the next.
    ///
    /// # Safety
    /// Eight bytes of each row follow.
    #[target_feature(enable = "avx512f,avx512vnni")]
    #[inline]
    pub(crate) unsafe fn multiply(&mut self, weights: [[__m512i; 2]; 2]) {
        let (a, sums, [s1, s3, s5, s7]) = (self.a, &mut self.sums, self.strides);
        // SAFETY: eight bytes of row r follow where r < R.
        unsafe {
            add_products!("0" in a, sums[0], weights, []);
            if R > 1 {
                add_products!("{s1}" in a, sums[1], weights, [s1 = s1]);
            }
            if R > 2 {
                add_products!("2*{s1}" in a, sums[2], weights, [s1 = s1]);
            }
            if R > 3 {
                add_products!("{s3}" in a, sums[3], weights, [s3 = s3]);
            }
            if R > 4 {
                add_products!("4*{s1}" in a, sums[4], weights, [s1 = s1]);
            }
            if R > 5 {
                add_products!("{s5}" in a, sums[5], weights, [s5 = s5]);
            }
            if R > 6 {
                add_products!("2*{s3}" in a, sums[6], weights, [s3 = s3]);
            }
            if R > 7 {
                add_products!("{s7}" in a, sums[7], weights, [s7 = s7]);
            }
        }
        self.a = a.wrapping_add(8);
    }

    /// # Safety
    /// `R` rows of 32 sums are at the place.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) unsafe fn store(&self, place: Place) {
        unrolled!(r in [0 1 2 3 4 5 6 7], R => {
            unrolled!(b in [0 1], 2 => {
                // SAFETY: row r has 32 sums.
                unsafe { _mm512_storeu_si512(place.sums.add(r * place.row_sums + b * 16).cast(), self.sums[r][b]) };
            });
        });
    }
}
