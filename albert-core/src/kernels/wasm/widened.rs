//! Integer products by `i32x4.dot_i16x8_s`: rows are widened to 16 bits once for all channels, weights once for all rows.
//!
//! A register has four places of two channels, times the same places of a row twice. So a channel's sum is in two lanes, which are
//! added at the end; no register has to be shuffled before. Rows and weights are widened a slice of K at a time, so that both stay in
//! the first-level cache; sums of the slices before are in the output. The first rows' tile keeps the weights that it widens for the
//! others: a store costs the loop nothing, widening a tenth of its time.

use super::activate::dequantize;
use super::even_rows;
use crate::format::layout::GROUP_CHANNELS;
use crate::kernels::unrolled::unrolled;
use crate::kernels::{Channels, LinearProduct, Product, RowScale, Store, Tile};
use crate::slices::{part, part_mut};
use core::arch::wasm32::*;
use core::mem::MaybeUninit;

/// K groups of a slice.
const SLICE: usize = 192;
/// Elements of a row's slice.
const ROW: usize = SLICE * 4;
/// Most rows of a product that are widened at a time, 48 KiB.
const ROWS: usize = 32;
/// Most rows of a linear that are widened at a time, and their elements, 144 KiB: 24 rows of 3072.
const LINEAR_ROWS: usize = 64;
const LINEAR_ELEMENTS: usize = 96 * ROW;
/// Rows of a tile, by four channels: eight accumulators, and what is multiplied, in the 16 registers of x86-64.
const TILE_ROWS: usize = 4;

/// `ELEMENTS` of rows, and a slice of four channels, as 16 bits.
#[repr(align(16))]
struct Room<const ELEMENTS: usize> {
    rows: [MaybeUninit<i16>; ELEMENTS],
    weights: [MaybeUninit<i16>; SLICE * 16],
}

impl<const ELEMENTS: usize> Room<ELEMENTS> {
    const NEW: Self = Self {
        rows: [const { MaybeUninit::uninit() }; ELEMENTS],
        weights: [const { MaybeUninit::uninit() }; SLICE * 16],
    };

    /// Where rows and weights are.
    fn places(&mut self) -> (*mut i16, *mut i16) {
        (self.rows.as_mut_ptr().cast(), self.weights.as_mut_ptr().cast())
    }
}

/// The product; the sizes fit the slices.
pub(super) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let mut room = Room::<{ ROWS * ROW }>::NEW;
    let (wide_rows, wide_weights) = room.places();
    for (row, rows) in even_rows(size.rows, ROWS) {
        for (k_group, k_groups) in slices(size.k_groups) {
            let slice = Slice { rows, k_groups, adds: k_group > 0, row_sums: size.row_sums };
            // SAFETY: rows, K groups and panels are among those of the product, whose sizes fit the slices, and the room has space for
            // `ROWS` rows and four channels of `SLICE` K groups.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes + k_group * 4);
                widen_rows(&slice, a, size.row_bytes, wide_rows);
                let sums = sums.as_mut_ptr().add(row * size.row_sums);
                let w = w.as_ptr().add(k_group * 64);
                multiply(&slice, wide_rows, w, size.panels, size.k_groups, wide_weights, sums);
            }
        }
    }
}

/// A linear, whose rows are widened once for all channels; false when a row is too long for that. The sizes fit the slices.
pub(super) fn linear(
    size: &LinearProduct,
    a: &[u8],
    w: &[i8],
    scales: &[RowScale],
    channels: &Channels<'_>,
    store: Store,
    out: &mut [f32],
) -> bool {
    let &LinearProduct { rows, row_bytes, k_groups, channels: width, row_outputs, .. } = size;
    let row_elements = k_groups.div_ceil(SLICE) * ROW;
    if row_elements > LINEAR_ELEMENTS {
        return false;
    }
    let mut room = Room::<LINEAR_ELEMENTS>::NEW;
    let (wide_rows, wide_weights) = room.places();
    let mut sums = [0; LINEAR_ROWS * GROUP_CHANNELS];
    for (row, rows) in even_rows(rows, LINEAR_ROWS.min(LINEAR_ELEMENTS / row_elements)) {
        let slice = |k_group, k_groups| Slice { rows, k_groups, adds: k_group > 0, row_sums: GROUP_CHANNELS };
        // One slice after the other.
        let place = |k_group| k_group / SLICE * rows * ROW;
        for (k_group, k_groups) in slices(k_groups) {
            // SAFETY: rows and K groups are among those of the linear, whose sizes fit the slices, and the room has space for them.
            unsafe {
                let a = a.as_ptr().add(row * row_bytes + k_group * 4);
                widen_rows(&slice(k_group, k_groups), a, row_bytes, wide_rows.add(place(k_group)));
            }
        }
        for first in (0..width).step_by(GROUP_CHANNELS) {
            let count = GROUP_CHANNELS.min(width - first);
            for (k_group, own) in slices(k_groups) {
                // SAFETY: as above; the sums have room for the rows of a group of channels.
                unsafe {
                    let (a, w) =
                        (wide_rows.add(place(k_group)), w.as_ptr().add((first / 16 * k_groups + k_group) * 64));
                    multiply(&slice(k_group, own), a, w, count.div_ceil(16), k_groups, wide_weights, sums.as_mut_ptr());
                }
            }
            let tile = Tile { rows, channels: count, row_sums: GROUP_CHANNELS, row_outputs };
            let out = part_mut(out, row * row_outputs + first..);
            dequantize(&tile, &sums, part(scales, row..), &channels.part(first, count), store, out);
        }
    }
    true
}

/// First K group and K groups of each slice.
fn slices(k_groups: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..k_groups).step_by(SLICE).map(move |first| (first, SLICE.min(k_groups - first)))
}

/// Widens the rows of a slice, from rows of `row_bytes` bytes.
///
/// # Safety
/// `from` has the rows, and there is room for them at `to`.
unsafe fn widen_rows(slice: &Slice, from: *const u8, row_bytes: usize, to: *mut i16) {
    for row in 0..slice.rows {
        // SAFETY: the caller's promise.
        unsafe { widen_row(from.add(row * row_bytes).cast(), slice.k_groups, to.add(row * ROW)) }
    }
}

/// Widened rows of a slice by panels, each of which has `k_groups` K groups.
///
/// # Safety
/// As [`tiles`], with the panels' channels; rows of `sums` have as many elements.
unsafe fn multiply(
    slice: &Slice,
    a: *const i16,
    w: *const i8,
    panels: usize,
    k_groups: usize,
    wide: *mut i16,
    sums: *mut i32,
) {
    for quarter in 0..panels * 4 {
        // SAFETY: the caller's promise.
        unsafe {
            let w = w.add(quarter / 4 * k_groups * 64 + quarter % 4 * 16);
            tiles(slice, a, w, wide, sums.add(quarter * 4));
        }
    }
}

/// Sizes of a tile's product.
struct Slice {
    rows: usize,
    k_groups: usize,
    /// Whether the sums of slices before are in the output.
    adds: bool,
    row_sums: usize,
}

/// What a tile has of its weights.
trait Weights {
    /// A K group of four channels, from `from` or `wide`.
    ///
    /// # Safety
    /// Each has 16 elements.
    unsafe fn load(from: *const i8, wide: *mut i16) -> [v128; 2];
}

/// They are stored ones, for this tile alone.
struct Stored;
/// They are stored ones, and kept for the tiles that follow.
struct Kept;
/// They were kept.
struct Wide;

impl Weights for Stored {
    #[inline(always)]
    unsafe fn load(from: *const i8, _: *mut i16) -> [v128; 2] {
        // SAFETY: the caller's promise.
        unsafe { [i16x8_load_extend_i8x8(from), i16x8_load_extend_i8x8(from.add(8))] }
    }
}

impl Weights for Kept {
    #[inline(always)]
    unsafe fn load(from: *const i8, wide: *mut i16) -> [v128; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let weights = Stored::load(from, wide);
            v128_store(wide.cast(), weights[0]);
            v128_store(wide.add(8).cast(), weights[1]);
            weights
        }
    }
}

impl Weights for Wide {
    #[inline(always)]
    unsafe fn load(_: *const i8, wide: *mut i16) -> [v128; 2] {
        // SAFETY: the caller's promise.
        unsafe { [v128_load(wide.cast()), v128_load(wide.add(8).cast())] }
    }
}

/// Rows by four channels.
///
/// # Safety
/// `a` has the slice's rows, widened, `w` four channels, `wide` room for them, and `sums` as many rows of 4.
unsafe fn tiles(slice: &Slice, a: *const i16, w: *const i8, wide: *mut i16, sums: *mut i32) {
    let rows = slice.rows;
    for (row, count) in even_rows(rows, TILE_ROWS) {
        // SAFETY: the caller's promise; the tile of row 0 is the first.
        unsafe {
            let (a, sums) = (a.add(row * ROW), sums.add(row * slice.row_sums));
            match (row, count) {
                (0, 4) if rows == 4 => tile::<Stored, 4>(slice, a, w, wide, sums),
                (0, 3) if rows == 3 => tile::<Stored, 3>(slice, a, w, wide, sums),
                (0, 2) if rows == 2 => tile::<Stored, 2>(slice, a, w, wide, sums),
                (0, 1) => tile::<Stored, 1>(slice, a, w, wide, sums),
                (0, 4) => tile::<Kept, 4>(slice, a, w, wide, sums),
                (0, 3) => tile::<Kept, 3>(slice, a, w, wide, sums),
                (0, _) => tile::<Kept, 2>(slice, a, w, wide, sums),
                (_, 4) => tile::<Wide, 4>(slice, a, w, wide, sums),
                // Of more than four rows, the last tile has no fewer than three.
                _ => tile::<Wide, 3>(slice, a, w, wide, sums),
            }
        }
    }
}

/// `R` rows by four channels.
///
/// # Safety
/// As [`tiles`], with `R` rows.
unsafe fn tile<W: Weights, const R: usize>(slice: &Slice, a: *const i16, w: *const i8, wide: *mut i16, sums: *mut i32) {
    let mut tile = [[i32x4_splat(0); 2]; R];
    let (mut a, mut w, mut wide) = (a, w, wide);
    // SAFETY: the caller's promise. Loads need no alignment.
    unsafe {
        for _ in 0..slice.k_groups {
            let weights = W::load(w, wide);
            unrolled!(r in [0 1 2 3], R => {
                let places = v128_load64_splat(a.add(r * ROW).cast());
                tile[r][0] = i32x4_add(tile[r][0], i32x4_dot_i16x8(weights[0], places));
                tile[r][1] = i32x4_add(tile[r][1], i32x4_dot_i16x8(weights[1], places));
            });
            a = a.add(4);
            w = w.add(64);
            wide = wide.add(16);
        }
        unrolled!(r in [0 1 2 3], R => {
            let [first, second] = tile[r];
            let even = i32x4_shuffle::<0, 2, 4, 6>(first, second);
            let mut sum = i32x4_add(even, i32x4_shuffle::<1, 3, 5, 7>(first, second));
            let out = sums.add(r * slice.row_sums).cast();
            if slice.adds {
                sum = i32x4_add(sum, v128_load(out));
            }
            v128_store(out, sum);
        });
    }
}

/// Widens `k_groups` K groups of a row.
///
/// # Safety
/// `from` has the K groups, and there is room for them at `to`.
unsafe fn widen_row(from: *const i8, k_groups: usize, to: *mut i16) {
    // SAFETY: the caller's promise.
    unsafe {
        for k_group in (0..k_groups / 2 * 2).step_by(2) {
            v128_store(to.add(k_group * 4).cast(), i16x8_load_extend_i8x8(from.add(k_group * 4)));
        }
        if k_groups % 2 == 1 {
            let last = (k_groups - 1) * 4;
            let bytes = i16x8_extend_low_i8x16(v128_load32_zero(from.add(last).cast()));
            v128_store64_lane::<0>(bytes, to.add(last).cast());
        }
    }
}
