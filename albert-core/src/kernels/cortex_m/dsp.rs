//! Arm Cortex-M with the DSP extension: `smlad`, two products of 16 bits and their sums in one instruction.
//!
//! Bytes become pairs of 16 bits by `sxtb16`: places 0 and 2 of a K group, and places 1 and 3. Activations are widened a stretch
//! at a time and serve all channels, then four channels of weights, which serve all rows: each leaves the flash once.

use crate::build_features::CODEBOOK;
use crate::kernels::math::ROUND;
use crate::kernels::{CodebookPanel, KernelSet, Product, RowScale, Splits, scalar};
use crate::slices::ruled_out;
use core::arch::asm;
use core::mem::MaybeUninit;
use core::num::NonZero;

/// The set of Cortex-M4, M7, and of M33 and later ones with the extension. Bytes of activations are i8.
pub(crate) static SET: KernelSet = KernelSet {
    name: "cortexmdsp",
    available: || true,
    activation_offset: 0,
    matmul_i8,
    expand: if CODEBOOK { expand } else { scalar::SET.expand },
    quantize_heads,
    quantize_row,
    ..scalar::SET
};

/// Words of two places on the stack, where there is no more room behind the sums.
const WORDS: usize = 128;
/// Bytes of a K group of a panel.
const PANEL_GROUP: usize = 64;
/// Words of a K group of four channels, and of a row.
const QUAD_WORDS: usize = 8;
const ROW_WORDS: usize = 2;
/// Rows that are widened at a time, and where there is little room for their words.
const ROWS: usize = 16;
const FEW_ROWS: usize = 8;

fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    // Two words are loaded at once, which takes an aligned address. Weights and keys and values have one.
    if w.as_ptr().addr() % 4 != 0 {
        return ruled_out();
    }
    let mut words = [const { MaybeUninit::<u32>::uninit() }; WORDS];
    let (sums, rest) = sums.split_at_mut(sums.len().min(size.rows * size.row_sums));
    // What is behind the sums is the kernel's; it has room for more K groups than a small stack.
    let (words, count) =
        if rest.len() > WORDS { (rest.as_mut_ptr().cast(), rest.len()) } else { (words.as_mut_ptr().cast(), WORDS) };
    let most = if count < (QUAD_WORDS + ROWS * ROW_WORDS) * 8 { FEW_ROWS } else { ROWS };
    let mut row = 0;
    while row < size.rows {
        let rows = (size.rows - row).min(most);
        // SAFETY: the rows are among those of the product, whose sizes fit the slices. There are `count` words.
        unsafe {
            let (a, sums) = (a.as_ptr().add(row * size.row_bytes), sums.as_mut_ptr().add(row * size.row_sums));
            multiply(size, rows, a, w.as_ptr(), sums, words, count);
        }
        row += rows;
    }
}

/// `rows` rows by all channels, in tiles of 2 rows by 4 channels. Weights are widened once for all of these rows; those of a single row
/// in its tile.
///
/// # Safety
/// `a` and `sums` have `rows` rows, at most [`ROWS`]; together with `w`, whose address is a multiple of 4, they fit `size`. There are
/// `count` words, at least [`WORDS`], which has room for a K group of four channels and [`FEW_ROWS`], or of [`ROWS`] if there are more.
unsafe fn multiply(
    size: &Product,
    rows: usize,
    a: *const u8,
    w: *const i8,
    sums: *mut i32,
    words: *mut u32,
    count: usize,
) {
    let places = rows.next_multiple_of(2);
    // Not divided by a number that might be zero: the compiler would keep a check.
    let group_words = NonZero::<usize>::MIN.saturating_add(QUAD_WORDS - 1 + places * ROW_WORDS);
    let most_groups = count / group_words;
    for row in 0..rows {
        // SAFETY: a row of the result has so many elements.
        unsafe { sums.add(row * size.row_sums).write_bytes(0, size.panels * 16) }
    }
    let mut first = 0;
    while first < size.k_groups {
        let k_groups = most_groups.min(size.k_groups - first);
        let pair_words = 2 * ROW_WORDS * k_groups;
        for row in 0..rows {
            // SAFETY: the K groups are among those of the row, and `words` has room for them.
            unsafe {
                let a = a.add(row * size.row_bytes + first * 4);
                widen(a, k_groups, words.add(row / 2 * pair_words + row % 2));
            }
        }
        for quad in 0..size.panels * 4 {
            // SAFETY: K groups and channels are among those of the panel; `words` has as many K groups of the rows, and room for the
            // four channels'. The second row of the last pair may be missing: what is in its place goes nowhere.
            unsafe {
                let w = w.add((quad / 4 * size.k_groups + first) * PANEL_GROUP + quad % 4 * 16);
                let sums = sums.add(quad * 4);
                if rows == 1 {
                    tile_1x4(w, words, k_groups, sums);
                    continue;
                }
                let weights = words.add(places * ROW_WORDS * k_groups);
                widen_weights(w, k_groups, weights);
                for row in (0..rows).step_by(2) {
                    let sums = sums.add(row * size.row_sums);
                    let next = if row + 1 < rows { sums.add(size.row_sums) } else { sums };
                    tile_2x4(weights, words.add(row * ROW_WORDS * k_groups), k_groups, sums, next);
                }
            }
        }
        first += k_groups;
    }
}

/// Widens the K groups of a row: for each K group the places 0 and 2 of both rows of a pair, then 1 and 3 of both; `words` is this
/// row's first.
///
/// # Safety
/// `k_groups` K groups of 4 bytes follow at `a`, and `k_groups * 2` words, each two after the last, at `words`.
unsafe fn widen(a: *const u8, k_groups: usize, words: *mut u32) {
    for k_group in 0..k_groups {
        // SAFETY: k_group < k_groups.
        unsafe {
            let bytes = a.add(k_group * 4).cast::<u32>().read_unaligned();
            words.add(k_group * 4).write(sxtb16(bytes));
            words.add(k_group * 4 + 2).write(sxtb16(bytes.rotate_right(8)));
        }
    }
}

/// Widens four channels: for each K group the places 0 and 2 of all, then 1 and 3 of all.
///
/// # Safety
/// `k_groups` K groups, at least one, follow at `w`, whose address is a multiple of 4, the first 16 of 64 bytes each, and as many times
/// 8 words at `words`.
unsafe fn widen_weights(w: *const i8, k_groups: usize, words: *mut u32) {
    // SAFETY: reads and writes what the contract grants, one K group after the other until `r12` is at the end.
    unsafe {
        asm!(
            "2:",
            "ldrd r8, r9, [lr, #8]",
            "ldrd r4, r5, [lr], #64",
            "sxtb16 r0, r4",
            "sxtb16 r1, r5",
            "sxtb16 r2, r8",
            "sxtb16 r3, r9",
            "sxtb16 r4, r4, ror #8",
            "sxtb16 r5, r5, ror #8",
            "sxtb16 r8, r8, ror #8",
            "sxtb16 r9, r9, ror #8",
            "stm r12!, {{r0-r5, r8, r9}}",
            "cmp r12, r10",
            "bne 2b",
            in("r10") words.wrapping_add(k_groups * QUAD_WORDS),
            inout("r12") words => _,
            inout("lr") w => _,
            out("r0") _, out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("r8") _, out("r9") _,
            options(nostack),
        );
    }
}

/// Bytes 0 and 2, each widened with its sign to 16 bits.
#[inline(always)]
fn sxtb16(word: u32) -> u32 {
    let pair;
    // SAFETY: a computation on registers.
    unsafe { asm!("sxtb16 {}, {}", lateout(reg) pair, in(reg) word, options(pure, nomem, nostack, preserves_flags)) }
    pair
}

/// One K group of 2 rows by 4 channels. Eight sums, two words of weights, two of activations and two addresses are all registers there
/// are.
macro_rules! group_2x4 {
    () => {
        "ldrd r10, r11, [r12, #8]
         ldrd r6, r7, [lr, #16]
         smlad r0, r6, r10, r0
         smlad r1, r6, r11, r1
         smlad r2, r7, r10, r2
         smlad r3, r7, r11, r3
         ldrd r6, r7, [lr, #24]
         smlad r4, r6, r10, r4
         smlad r5, r6, r11, r5
         smlad r8, r7, r10, r8
         smlad r9, r7, r11, r9
         ldrd r10, r11, [r12], #16
         ldrd r6, r7, [lr, #8]
         smlad r4, r6, r10, r4
         smlad r5, r6, r11, r5
         smlad r8, r7, r10, r8
         smlad r9, r7, r11, r9
         ldrd r6, r7, [lr], #32
         smlad r0, r6, r10, r0
         smlad r1, r6, r11, r1
         smlad r2, r7, r10, r2
         smlad r3, r7, r11, r3"
    };
}

/// Adds the products of 2 rows by 4 channels to `sums` and `next`. Where both are the same, those of the first row are.
///
/// # Safety
/// `k_groups` K groups, at least one, follow in `w`, 8 words each, and in `a`, 4 words each. There are four sums of both rows.
unsafe fn tile_2x4(w: *const u32, a: *const u32, k_groups: usize, sums: *mut i32, next: *mut i32) {
    // SAFETY: reads what the contract grants, one K group after the other until `lr` is at the end, and writes the sums, the second
    // row's first. The stack keeps what finds no register.
    unsafe {
        asm!(
            "push {{r0, r1, r2, r6, r7}}",
            "tst r4, #1",
            "mov r10, r1",
            "ldm r2, {{r1, r3, r5, r9}}",
            "ldm r10, {{r0, r2, r4, r8}}",
            "bne 3f",
            "2:",
            group_2x4!(),
            "3:",
            group_2x4!(),
            "ldr r6, [sp]",
            "cmp lr, r6",
            "bne 2b",
            "pop {{r6, r10, r11}}",
            "stm r11, {{r1, r3, r5, r9}}",
            "stm r10, {{r0, r2, r4, r8}}",
            "pop {{r6, r7}}",
            inout("r0") w.wrapping_add(k_groups * QUAD_WORDS) => _,
            inout("r1") sums => _,
            inout("r2") next => _,
            inout("r4") k_groups => _,
            inout("r12") a => _,
            inout("lr") w => _,
            out("r3") _, out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}

/// Adds the products of one row by 4 channels to `sums`.
///
/// # Safety
/// `k_groups` K groups, at least one, follow in `a`, the first row of a pair, 4 words each, and at `w`, whose address is a multiple of 4, the first 16 of 64
/// bytes each. There are four sums.
unsafe fn tile_1x4(w: *const i8, a: *const u32, k_groups: usize, sums: *mut i32) {
    // SAFETY: reads what the contract grants, one K group after the other until `r12` is at the end.
    unsafe {
        asm!(
            "push {{r0, r6, r7}}",
            "ldm r0, {{r0-r3}}",
            "2:",
            "ldr r9, [r12, #8]",
            "ldr r8, [r12], #16",
            "ldrd r10, r11, [lr, #8]",
            "sxtb16 r6, r10",
            "sxtb16 r7, r11",
            "smlad r2, r8, r6, r2",
            "smlad r3, r8, r7, r3",
            "sxtb16 r10, r10, ror #8",
            "sxtb16 r11, r11, ror #8",
            "smlad r2, r9, r10, r2",
            "smlad r3, r9, r11, r3",
            "ldrd r10, r11, [lr], #64",
            "sxtb16 r6, r10",
            "sxtb16 r7, r11",
            "smlad r0, r8, r6, r0",
            "smlad r1, r8, r7, r1",
            "sxtb16 r10, r10, ror #8",
            "sxtb16 r11, r11, ror #8",
            "smlad r0, r9, r10, r0",
            "smlad r1, r9, r11, r1",
            "cmp r12, r4",
            "bne 2b",
            "pop {{r5, r6, r7}}",
            "stm r5, {{r0-r3}}",
            inout("r0") sums => _,
            in("r4") a.wrapping_add(k_groups * 4),
            inout("r12") a => _,
            inout("lr") w => _,
            out("r1") _, out("r2") _, out("r3") _, out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}

fn quantize_row(x: &mut [f32], splits: &Splits<'_>, saved: &mut [f32], offset: i32, out: &mut [u8]) -> RowScale {
    scalar::quantize_row_by(x, splits, saved, offset, out, quantize)
}

fn quantize_heads(x: &[f32], size: usize, offset: i32, stride: usize, out: &mut [u8], scales: &mut [f32]) {
    scalar::quantize_heads_by(x, size, offset, stride, out, scales, quantize);
}

/// Four values at a time: saturated to bytes, packed, and -128 made -127. `offset` is 0 in this set.
fn quantize(x: &[f32], inverse: f32, zero_point: i32, offset: i32, out: &mut [u8]) {
    let (fours, tail) = x.as_chunks::<4>();
    let (out, out_tail) = out.as_chunks_mut::<4>();
    let shift = zero_point.wrapping_sub(ROUND.to_bits() as i32);
    let round = |x: f32| ((x * inverse + ROUND).to_bits() as i32).wrapping_add(shift);
    // Written out, here and below: when the compiler saves size, it makes a loop of `map`, with both arrays on the stack.
    for (&[a, b, c, d], out) in fours.iter().zip(out) {
        *out = pack(round(a), round(b), round(c), round(d)).to_le_bytes();
    }
    scalar::quantize(tail, inverse, zero_point, offset, out_tail);
}

/// Four numbers clamped to [-127, 127], as bytes of a word.
#[inline(always)]
fn pack(a: i32, b: i32, c: i32, d: i32) -> u32 {
    let word;
    // SAFETY: a computation on registers.
    unsafe {
        asm!(
            "ssat {a}, #8, {a}",
            "ssat {b}, #8, {b}",
            "ssat {c}, #8, {c}",
            "ssat {d}, #8, {d}",
            "bfi {a}, {b}, #8, #8",
            "bfi {a}, {c}, #16, #8",
            "bfi {a}, {d}, #24, #8",
            "ssub8 {b}, {a}, {least}",
            "sel {a}, {a}, {least}",
            a = inout(reg) a => word,
            b = inout(reg) b => _,
            c = inout(reg) c => _,
            d = inout(reg) d => _,
            least = in(reg) 0x8181_8181u32,
            options(pure, nomem, nostack),
        );
    }
    word
}

/// As the scalar set; the table of a multiplier is made two levels at a time.
fn expand(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    let words = if panel.high_bits.is_empty() { 4 } else { 8 };
    // Levels 0 and 2, and 1 and 3, of each four.
    let mut pairs = [[0; 2]; 8];
    for (pair, levels) in pairs.iter_mut().zip(panel.levels.as_chunks::<4>().0) {
        let [a, b, c, d] = levels.map(i32::from);
        *pair = [(c << 16) + a, (d << 16) + b];
    }
    let units = panel.codes.iter().zip(panel.multipliers).zip(out.as_chunks_mut::<128>().0);
    for (unit, ((codes, multipliers), out)) in units.enumerate() {
        let high_bits = panel.high_bits.get(unit).copied().unwrap_or_default();
        let (first, second) = out.split_at_mut(64);
        let columns = codes.as_chunks::<16>().0.iter().zip(high_bits.as_chunks::<4>().0).zip(multipliers);
        let outs = first.as_chunks_mut::<16>().0.iter_mut().zip(second.as_chunks_mut::<16>().0);
        for (((codes, high_bits), &multiplier), (first, second)) in columns.zip(outs) {
            let mut table = [0; 8];
            for (word, &[even, odd]) in table.iter_mut().zip(&pairs).take(words) {
                *word = scaled_pair(even, multiplier) | scaled_pair(odd, multiplier) << 8;
            }
            let table: &[i8; 32] = bytemuck::must_cast_ref(&table);
            let outs = first.as_chunks_mut::<4>().0.iter_mut().zip(second.as_chunks_mut::<4>().0);
            for ((&codes, &high_bits), (first, second)) in codes.as_chunks::<4>().0.iter().zip(high_bits).zip(outs) {
                let (codes, high_bits) = (u32::from_le_bytes(codes), u32::from(high_bits));
                *first = look_up(table, codes, high_bits & 15);
                *second = look_up(table, codes >> 4, high_bits >> 4);
            }
        }
    }
}

/// [`scaled`](crate::format::layout::scaled) of two levels, `(second << 16) + first`, in the bytes 0 and 2.
#[inline(always)]
fn scaled_pair(levels: i32, multiplier: i8) -> u32 {
    // Half a unit for each; the first product is also made positive so that it borrows nothing from the second.
    const HALVES: i32 = (64 << 16) + 64 + 0x8000;
    let products = levels.wrapping_mul(multiplier.into()).wrapping_add(HALVES);
    products as u32 >> 7 & 0x00ff_00ff
}

/// The table's bytes for the low four bits of each byte of `codes` and a bit each of `high_bits`.
#[inline(always)]
fn look_up(table: &[i8; 32], codes: u32, high_bits: u32) -> [i8; 4] {
    // The product brings bit i to bit 8 i.
    let high = (high_bits * 0x0020_4081 & 0x0101_0101) << 4;
    let indices = codes & 0x0f0f_0f0f | high;
    let at = |shift: u32| table.get((indices >> shift & 31) as usize).copied().unwrap_or(0);
    [at(0), at(8), at(16), at(24)]
}
