//! Integer products: each byte of activations is taken apart into its magnitude and its sign, once for all channels of a call.
//!
//! `vpmaddubsw` multiplies unsigned by signed bytes and saturates pairs at 16 bits. So weights w are multiplied by magnitudes, and where
//! the sign is negative all bits of w are inverted first. That gives -w - 1 instead of -w, and each such product comes out too small by
//! the magnitude; sums start at the total of these. A pair reaches 2 x 127 x 128 = 32512 at most: it cannot saturate. (`vpsignb` would give the sign
//! itself, on two ports; `vpxor` has three or four.)

use super::super::prefetch;
use crate::kernels::Product;
use crate::kernels::unrolled::unrolled;
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// Rows of a tile. Eight accumulators, magnitudes and signs of two rows, weights and ones fill the registers.
const TILE_ROWS: usize = 2;
/// Most rows that are taken apart at a time.
pub(super) const BLOCK_ROWS: usize = 64;
/// Bytes for what they are taken apart into.
const OPERANDS: usize = 32768;
/// Most K groups of a piece of K: two panels of them leave room in the first-level cache.
const MOST_GROUPS: usize = 128;
/// Bytes of a K group of a panel.
pub(super) const GROUP_BYTES: usize = 64;

/// A piece of K of some rows, taken apart.
#[repr(C, align(64))]
pub(super) struct Operands {
    /// Magnitudes and then signs of each row.
    bytes: [MaybeUninit<u8>; OPERANDS],
    /// What products with each row lack.
    lacking: [MaybeUninit<i32>; BLOCK_ROWS],
}

/// Most K groups of a piece of this many rows, up to [`BLOCK_ROWS`].
pub(super) fn most_groups(rows: usize) -> usize {
    (OPERANDS / 8 / rows.clamp(1, BLOCK_ROWS)).min(MOST_GROUPS)
}

#[target_feature(enable = "avx2")]
pub(super) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let &Product { row_bytes, k_groups, panels, row_sums, .. } = size;
    let mut operands = MaybeUninit::uninit();
    for first in (0..size.rows).step_by(BLOCK_ROWS) {
        let rows = BLOCK_ROWS.min(size.rows - first);
        let pieces = k_groups.div_ceil(most_groups(rows));
        let groups = k_groups.div_ceil(pieces.max(1)).max(1);
        for start in (0..k_groups).step_by(groups) {
            let groups = groups.min(k_groups - start);
            // SAFETY: rows and K groups are among those of the product, whose sizes fit the slices, and fit the operands; a prefetch may
            // name any address.
            unsafe {
                let a = a.as_ptr().add(first * row_bytes + start * 4);
                let piece = Piece::new(&mut operands, a, row_bytes, rows, groups);
                for panel in (0..panels).step_by(2) {
                    let some = 2.min(panels - panel);
                    let w = w.as_ptr().add((panel * k_groups + start) * GROUP_BYTES);
                    // Each of the first tiles fetches a piece of one of the panels that come next. A lone one is bound by memory as it is.
                    let next = [0, 1].map(|tile| {
                        let fetches = size.prefetch && rows > TILE_ROWS && tile < some;
                        w.wrapping_add(if fetches { (some + tile) * k_groups * GROUP_BYTES } else { 0 })
                    });
                    let sums = sums.as_mut_ptr().add(first * row_sums + panel * 16);
                    let panels = Panels { w, count: some, bytes: k_groups * GROUP_BYTES, next };
                    piece.multiply::<_MM_HINT_T1>(&panels, sums, row_sums, start > 0);
                }
            }
        }
    }
}

/// One or two panels of weights, `bytes` from one to the other, and what is fetched by the first two tiles.
pub(super) struct Panels {
    pub(super) w: *const i8,
    pub(super) count: usize,
    pub(super) bytes: usize,
    pub(super) next: [*const i8; 2],
}

/// [`Operands`] in use.
pub(super) struct Piece<'o> {
    operands: &'o Operands,
    rows: usize,
    groups: usize,
}

impl<'o> Piece<'o> {
    /// Takes rows apart.
    ///
    /// # Safety
    /// At `a` are `rows` rows of `groups` K groups, `row_bytes` apart: up to [`BLOCK_ROWS`] rows, and up to [`most_groups`].
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn new(
        operands: &'o mut MaybeUninit<Operands>,
        a: *const u8,
        row_bytes: usize,
        rows: usize,
        groups: usize,
    ) -> Self {
        let to = operands.as_mut_ptr();
        for row in 0..rows {
            // SAFETY: the caller's promise; there is room for the magnitudes and signs of as many rows.
            unsafe {
                let bytes = (&raw mut (*to).bytes).cast::<u8>().add(row * groups * 8);
                let lacking = take_apart(a.add(row * row_bytes), groups, bytes);
                (&raw mut (*to).lacking).cast::<i32>().add(row).write(lacking);
            }
        }
        // SAFETY: all of it may be uninitialized.
        Self { operands: unsafe { operands.assume_init_ref() }, rows, groups }
    }

    /// The products of all rows, written to `sums` or, if the piece is not the first, added to what is there.
    ///
    /// # Safety
    /// The panels have the piece's K groups, and `sums` has a row of 16 sums a panel for each of its rows, `row_sums` apart.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn multiply<const HINT: i32>(
        &self,
        panels: &Panels,
        sums: *mut i32,
        row_sums: usize,
        adds: bool,
    ) {
        for (tile, row) in (0..self.rows).step_by(TILE_ROWS).enumerate() {
            let next = panels.next.get(tile).copied().unwrap_or(panels.w);
            // SAFETY: the rows of the tile are among the piece's.
            unsafe {
                let sums = sums.add(row * row_sums);
                match (TILE_ROWS.min(self.rows - row), panels.count) {
                    (2, 2) => self.tile::<2, 2, HINT>(row, panels, sums, row_sums, adds, next),
                    (2, _) => self.tile::<2, 1, HINT>(row, panels, sums, row_sums, adds, next),
                    (_, 2) => self.tile::<1, 2, HINT>(row, panels, sums, row_sums, adds, next),
                    _ => self.tile::<1, 1, HINT>(row, panels, sums, row_sums, adds, next),
                }
            }
        }
    }

    /// `R` rows from `row` on by `B` panels; fetches 64 bytes a K group of what is at `next`.
    ///
    /// # Safety
    /// As [`Piece::multiply`], of these rows.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn tile<const R: usize, const B: usize, const HINT: i32>(
        &self,
        row: usize,
        panels: &Panels,
        sums: *mut i32,
        row_sums: usize,
        adds: bool,
        next: *const i8,
    ) {
        let (zero, ones) = (_mm256_setzero_si256(), _mm256_set1_epi16(1));
        let (mut lacking, mut rows) = ([zero; R], [core::ptr::null::<u8>(); R]);
        unrolled!(r in [0 1], R => {
            // SAFETY: the row is among the piece's, which were taken apart.
            unsafe {
                lacking[r] = _mm256_set1_epi32(self.operands.lacking.as_ptr().cast::<i32>().add(row + r).read());
                rows[r] = self.operands.bytes.as_ptr().cast::<u8>().add((row + r) * self.groups * 8);
            }
        });
        let mut sums_of = [[lacking; 2]; B];
        let (mut w, mut next, signs_at) = (panels.w, next, self.groups * 4);
        /// Adds the products of the `$at`th K group, and fetches a line of 64 bytes.
        macro_rules! multiply {
            ($at:literal) => {
                prefetch::<HINT>(next.wrapping_add($at * GROUP_BYTES));
                let (mut magnitudes, mut signs) = ([zero; R], [zero; R]);
                unrolled!(r in [0 1], R => {
                    // SAFETY: the row has as many K groups of magnitudes, and then of signs.
                    unsafe {
                        let word = |at: usize| rows[r].add(at + $at * 4).cast::<i32>().read();
                        magnitudes[r] = _mm256_set1_epi32(word(0));
                        signs[r] = _mm256_set1_epi32(word(signs_at));
                    }
                });
                unrolled!(b in [0 1], B => {
                    unrolled!(half in [0 1], 2 => {
                        // SAFETY: the panels have the piece's K groups.
                        let weights = unsafe {
                            _mm256_loadu_si256(w.add(b * panels.bytes + $at * GROUP_BYTES + half * 32).cast())
                        };
                        unrolled!(r in [0 1], R => {
                            let pairs = _mm256_maddubs_epi16(magnitudes[r], _mm256_xor_si256(weights, signs[r]));
                            sums_of[b][half][r] = _mm256_add_epi32(sums_of[b][half][r], _mm256_madd_epi16(pairs, ones));
                        });
                    });
                });
            };
        }
        /// Goes on by some K groups.
        macro_rules! advance {
            ($groups:literal) => {
                unrolled!(r in [0 1], R => { rows[r] = rows[r].wrapping_add($groups * 4) });
                w = w.wrapping_add($groups * GROUP_BYTES);
                next = next.wrapping_add($groups * GROUP_BYTES);
            };
        }
        // Two at a time share the additions.
        for _ in 0..self.groups / 2 {
            multiply!(0);
            multiply!(1);
            advance!(2);
        }
        if !self.groups.is_multiple_of(2) {
            multiply!(0);
        }
        unrolled!(b in [0 1], B => {
            unrolled!(half in [0 1], 2 => {
                unrolled!(r in [0 1], R => {
                    // SAFETY: row r of the sums has B * 16 elements.
                    unsafe {
                        let place = sums.add(r * row_sums + b * 16 + half * 8).cast::<__m256i>();
                        let before = if adds { _mm256_loadu_si256(place) } else { zero };
                        _mm256_storeu_si256(place, _mm256_add_epi32(sums_of[b][half][r], before));
                    }
                });
            });
        });
    }
}

/// Writes the magnitudes and then the signs, all bits or none, of a row; the sum of the magnitudes of its negative bytes is returned.
///
/// # Safety
/// There are four bytes a K group at `row`, and there is room for twice as many at `out`.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn take_apart(row: *const u8, groups: usize, out: *mut u8) -> i32 {
    let zero = _mm256_setzero_si256();
    let mut sums = zero;
    for group in (0..groups / 8 * 8).step_by(8) {
        // SAFETY: eight K groups are 32 bytes.
        unsafe {
            let bytes = _mm256_loadu_si256(row.add(group * 4).cast());
            let (magnitudes, signs) = (_mm256_abs_epi8(bytes), _mm256_cmpgt_epi8(zero, bytes));
            _mm256_storeu_si256(out.add(group * 4).cast(), magnitudes);
            _mm256_storeu_si256(out.add((groups + group) * 4).cast(), signs);
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_and_si256(magnitudes, signs), zero));
        }
    }
    if !groups.is_multiple_of(8) {
        let group = groups / 8 * 8;
        let left = _mm256_set1_epi32((groups - group) as i32);
        let mask = _mm256_cmpgt_epi32(left, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        // SAFETY: no lane past the last K group is read or written.
        unsafe {
            let bytes = _mm256_maskload_epi32(row.add(group * 4).cast(), mask);
            let (magnitudes, signs) = (_mm256_abs_epi8(bytes), _mm256_cmpgt_epi8(zero, bytes));
            _mm256_maskstore_epi32(out.add(group * 4).cast(), mask, magnitudes);
            _mm256_maskstore_epi32(out.add((groups + group) * 4).cast(), mask, signs);
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_and_si256(magnitudes, signs), zero));
        }
    }
    let halves = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    _mm_cvtsi128_si32(_mm_add_epi64(halves, _mm_unpackhi_epi64(halves, halves)))
}
