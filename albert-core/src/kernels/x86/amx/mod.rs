//! AMX: `tdpbusd` multiplies tiles of 16 rows x 64 unsigned bytes by 64 x 16 signed ones. The rest is AVX-512 VNNI's.
//!
//! Sixteen K groups of a weight panel are a weight tile as they lie in the file. The tile unit works beside the vector units: while
//! it multiplies one tile, [`linear`] makes values of the sums of the tile before.

mod tiles;

use super::avx512::lanes::{Avx512, Avx512Lanes};
use super::prefetch;
use super::{avx512, detect};
use crate::kernels::simd16::rows::{self, Finish, finish_of};
use crate::kernels::{Channels, CodebookPanel, KernelSet, LinearProduct, Product, RowScale, Store};
use crate::slices::{part, part_mut, ruled_out};
use core::arch::x86_64::_MM_HINT_T1;
use core::marker::PhantomData;
use tiles::{TILE_K_GROUPS, TILE_ROWS, Tiles};

/// The set for x86-64 servers from Sapphire Rapids on, under Linux.
pub(crate) static SET: KernelSet = KernelSet {
    name: "amx",
    available: || {
        let features = detect::features();
        features.avx512_vnni && features.gfni && features.amx_int8 && tiles_permitted()
    },
    matmul_i8,
    linear: Some(linear),
    multiply_panels: Some(multiply_panels),
    panel_parts: false,
    wide_sums: true,
    ..avx512::GFNI_SET
};

/// Asks Linux for the tile registers, for the whole process. They are off until asked for, because they take room in
/// every signal frame.
#[cfg(target_os = "linux")]
fn tiles_permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XTILEDATA: u64 = 18;
    let result: i64;
    // SAFETY: the call takes two numbers, touches no memory of ours, and fails with a negative number. The kernel
    // overwrites rcx and r11.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// Other systems have their own ways, or none.
#[cfg(not(target_os = "linux"))]
fn tiles_permitted() -> bool {
    false
}

/// Fewer rows are bound by the memory that weights come from, and AVX-512 VNNI, which configures no tiles, gets more out of it.
const FEWEST_ROWS: usize = 7;
/// Most rows that are multiplied by codebook panels without tiles.
const MOST_PANEL_ROWS: usize = 8;
/// Smallest product of K groups and panels that is worth the configuration of the tiles: the products of attention over short inputs
/// are smaller.
const FEWEST_TILES: usize = 8 * TILE_K_GROUPS;
/// Rows of two row tiles and channels of two panels: what is multiplied at a time.
const SQUARE: usize = 32;

/// Activations and weights of a product.
struct Operands<'a> {
    rows: usize,
    row_bytes: usize,
    k_groups: usize,
    panels: usize,
    a: &'a [u8],
    w: &'a [i8],
}

impl Operands<'_> {
    /// Whether tiles serve: enough rows, and whole tiles to read. What is read of a row past its K groups meets weights of zero.
    fn suit_tiles(&self) -> bool {
        let last_row = (self.rows - 1) * self.row_bytes;
        self.rows >= FEWEST_ROWS && last_row + self.k_groups.next_multiple_of(TILE_K_GROUPS) * 4 <= self.a.len()
    }
}

/// Two row tiles by two panels. All row tiles have the same height, so that one configuration serves; the last one of a product
/// overlaps the one before it, and the last panel stands twice when their number is odd.
#[derive(Clone, Copy)]
struct Square {
    /// First row of each row tile.
    rows: [usize; 2],
    panels: [usize; 2],
}

/// What becomes of sums.
trait Sink {
    /// Where the sums of the square go: first row tile by both panels, then the second; and the bytes from row to row.
    fn place(&mut self, square: Square) -> ([*mut i32; 4], usize);
    /// A part of other work, while 64 places of a square are multiplied. `part` counts up for one pair of panels.
    fn meanwhile(&mut self, panel: usize, part: usize);
    /// The sums of the square are in their place.
    fn stored(&mut self, square: Square);
}

/// K groups of both panels past the last whole tile, followed by zeros.
#[repr(C, align(64))]
struct Rest([[i8; TILE_K_GROUPS * 64]; 2]);

/// Multiplies square by square: all rows by two panels, then by the next two.
///
/// # Safety
/// AVX-512 and AMX are available, AMX is permitted. The operands suit tiles. What the sink says of its places holds.
#[inline(always)]
unsafe fn multiply(operands: &Operands<'_>, sink: &mut impl Sink) {
    let &Operands { rows, row_bytes, k_groups, panels, a, w } = operands;
    let row_pairs = rows.div_ceil(SQUARE);
    let height = rows.div_ceil(2 * row_pairs);
    let (whole, left) = (k_groups / TILE_K_GROUPS, k_groups % TILE_K_GROUPS);
    let mut rest = Rest([[0; TILE_K_GROUPS * 64]; 2]);
    // SAFETY: the caller's promise; nothing else uses tiles here.
    let mut tiles = unsafe { Tiles::configure(height) };
    for panel in (0..panels).step_by(2) {
        let pair = [panel, (panel + 1).min(panels - 1)];
        if left > 0 {
            for (rest, panel) in rest.0.iter_mut().zip(pair) {
                let from = part(w, (panel * k_groups + whole * TILE_K_GROUPS) * 64..);
                rest.iter_mut().zip(from).take(left * 64).for_each(|(rest, &weight)| *rest = weight);
            }
        }
        for row_pair in 0..row_pairs {
            let first = [2 * row_pair * height, (2 * row_pair + 1) * height].map(|row| row.min(rows - height));
            let square = Square { rows: first, panels: pair };
            tiles.clear();
            // SAFETY: rows, K groups and panels are among those of the operands, whose slices hold them (see `suit_tiles`).
            unsafe {
                let a = first.map(|row| a.as_ptr().add(row * row_bytes));
                let w = pair.map(|panel| w.as_ptr().add(panel * k_groups * 64).cast::<u8>());
                for tile in 0..whole {
                    let (a, w) = (a.map(|a| a.add(tile * 64)), w.map(|w| w.add(tile * TILE_K_GROUPS * 64)));
                    tiles.multiply(a, row_bytes, w);
                    sink.meanwhile(panel, row_pair * whole + tile);
                }
                if left > 0 {
                    let [w0, w1] = &rest.0;
                    let w = [w0, w1].map(|w| w.as_ptr().cast::<u8>());
                    tiles.multiply(a.map(|a| a.add(whole * 64)), row_bytes, w);
                }
                let (place, stride) = sink.place(square);
                tiles.store(place, stride);
            }
            sink.stored(square);
        }
    }
}

/// Sums that are the result themselves.
struct Sums {
    start: *mut i32,
    row_sums: usize,
}

impl Sink for Sums {
    #[inline(always)]
    fn place(&mut self, square: Square) -> ([*mut i32; 4], usize) {
        let place = |row: usize, panel: usize| self.start.wrapping_add(row * self.row_sums + panel * 16);
        let Square { rows: [upper, lower], panels: [left, right] } = square;
        ([place(upper, left), place(upper, right), place(lower, left), place(lower, right)], self.row_sums * 4)
    }

    #[inline(always)]
    fn meanwhile(&mut self, _: usize, _: usize) {}

    #[inline(always)]
    fn stored(&mut self, _: Square) {}
}

fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let &Product { rows, row_bytes, k_groups, panels, row_sums, .. } = size;
    let operands = Operands { rows, row_bytes, k_groups, panels, a, w };
    if k_groups * panels >= FEWEST_TILES && operands.suit_tiles() {
        let mut sink = Sums { start: sums.as_mut_ptr(), row_sums };
        // SAFETY: the set is available. Rows and panels of a square are among those of the product, whose sums fit the slice.
        unsafe { multiply(&operands, &mut sink) }
    } else {
        // SAFETY: the set is available only where AVX-512 VNNI is; the sizes fit the slices.
        unsafe { avx512::matmul_i8(size, a, w, sums) }
    }
}

/// Few rows do not fill tiles, and what is expanded need not be stored.
fn multiply_panels(size: &Product, a: &[u8], panels: &[CodebookPanel<'_>], room: &mut [i8], sums: &mut [i32]) -> bool {
    // SAFETY: the set is available only where AVX-512 VNNI and GFNI are; the sizes fit the slices.
    size.rows <= MOST_PANEL_ROWS && unsafe { avx512::codebook::multiply_panels::<true>(size, a, panels, room, sums) }
}

/// The sums of a square: one row tile below the other.
#[repr(C, align(64))]
struct SquareSums([[i32; SQUARE]; SQUARE]);

/// Sums that become values while the next square is multiplied.
struct Values<'a, F> {
    size: LinearProduct,
    rows: &'a [RowScale],
    channels: &'a Channels<'a>,
    out: &'a mut [f32],
    weights: *const i8,
    /// Lines of the next two panels' weights to fetch, and rows to finish, while 64 places are multiplied.
    lines: usize,
    rows_at_a_time: usize,
    /// Sums of the square that is finished, and of the one that is multiplied, by turns.
    sums: [SquareSums; 2],
    turn: usize,
    /// The square that is finished, and its rows that are not yet.
    square: Square,
    next_row: usize,
    end_row: usize,
    height: usize,
    proof: Avx512,
    finish: PhantomData<F>,
}

impl<F: Finish> Values<'_, F> {
    /// Makes values of the next rows of the square before.
    #[inline(always)]
    fn finish(&mut self, rows: usize) {
        let channel = self.square.panels[0] * 16;
        let count = (self.size.channels - channel).min(SQUARE);
        let [sums0, sums1] = &self.sums;
        let sums = if self.turn == 0 { sums1 } else { sums0 };
        let channels = self.channels.part(channel, count);
        let [upper, lower] = self.square.rows;
        let end = self.end_row.min(self.next_row + rows);
        for row in self.next_row..end {
            let index = if row < upper + self.height { row - upper } else { row - lower + TILE_ROWS };
            let out = self.out.get_mut(row * self.size.row_outputs + channel..);
            let (Some(sums), Some(&scale), Some(out)) = (sums.0.get(index), self.rows.get(row), out) else {
                return ruled_out();
            };
            rows::dequantize_row::<Avx512Lanes, F>(self.proof, sums, scale, &channels, part_mut(out, ..count));
        }
        self.next_row = end;
    }
}

impl<F: Finish> Sink for Values<'_, F> {
    #[inline(always)]
    fn place(&mut self, _: Square) -> ([*mut i32; 4], usize) {
        let [sums0, sums1] = &mut self.sums;
        let start = if self.turn == 0 { sums0 } else { sums1 }.0.as_mut_ptr().cast::<i32>();
        let lower = TILE_ROWS * SQUARE;
        ([0, 16, lower, lower + 16].map(|at| start.wrapping_add(at)), SQUARE * 4)
    }

    #[inline(always)]
    fn meanwhile(&mut self, panel: usize, part: usize) {
        let next = self.weights.wrapping_add((panel + 2) * self.size.k_groups * 64 + part * self.lines * 64);
        for line in 0..self.lines {
            prefetch::<_MM_HINT_T1>(next.wrapping_add(line * 64));
        }
        self.finish(self.rows_at_a_time);
    }

    #[inline(always)]
    fn stored(&mut self, square: Square) {
        self.finish(SQUARE);
        // The lower row tile may begin with rows of the upper one, and both with rows of the square before, which are finished.
        let before = if square.panels[0] == self.square.panels[0] { self.end_row } else { 0 };
        (self.next_row, self.end_row) = (before, square.rows[1] + self.height);
        (self.square, self.turn) = (square, 1 - self.turn);
    }
}

/// See [`Kernels::linear_i8`](crate::kernels::Kernels::linear_i8).
fn linear(
    size: &LinearProduct,
    a: &[u8],
    w: &[i8],
    rows: &[RowScale],
    channels: &Channels<'_>,
    store: Store,
    out: &mut [f32],
) -> bool {
    let &LinearProduct { rows: count, row_bytes, k_groups, channels: width, .. } = size;
    let operands = Operands { rows: count, row_bytes, k_groups, panels: width.div_ceil(16), a, w };
    if !operands.suit_tiles() {
        return false;
    }
    // SAFETY: the set is available; the sizes fit the slices.
    unsafe {
        finish_of!(store, F => linear_with::<F>(size, &operands, rows, channels, out), _other => return false);
    }
    true
}

/// # Safety
/// The set is available, the operands suit tiles, and the sizes fit the slices.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
unsafe fn linear_with<F: Finish>(
    size: &LinearProduct,
    operands: &Operands<'_>,
    rows: &[RowScale],
    channels: &Channels<'_>,
    out: &mut [f32],
) {
    let row_pairs = size.rows.div_ceil(SQUARE);
    let height = size.rows.div_ceil(2 * row_pairs);
    let parts = (size.k_groups / TILE_K_GROUPS).max(1);
    let mut values = Values {
        size: *size,
        rows,
        channels,
        out,
        weights: operands.w.as_ptr(),
        lines: if size.prefetch { (SQUARE / row_pairs).clamp(4, 16) } else { 0 },
        rows_at_a_time: (2 * height).div_ceil(parts),
        sums: [const { SquareSums([[0; SQUARE]; SQUARE]) }; 2],
        turn: 0,
        square: Square { rows: [0; 2], panels: [0; 2] },
        next_row: 0,
        end_row: 0,
        height,
        proof: Avx512Lanes::here(),
        finish: PhantomData::<F>,
    };
    // SAFETY: the caller's promise; places are in the sums of a square.
    unsafe { multiply(operands, &mut values) };
    values.finish(SQUARE);
}
