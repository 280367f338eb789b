//! Arm Cortex-M with the DSP extension: `smlad`, two products of 16 bits and their sums in one instruction.
//!
//! Bytes become pairs of 16 bits by `sxtb16`: places 0 and 2 of a K group, and places 1 and 3. Activations are widened a stretch
//! at a time, on the stack, and serve all channels; weights in the loop, where they serve all rows of a tile.

use crate::build_features::CODEBOOK;
use crate::kernels::math::ROUND;
use crate::kernels::{CodebookPanel, KernelSet, Product, RowScale, Splits, scalar};
use crate::slices::ruled_out;
use core::arch::asm;
use core::mem::MaybeUninit;

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

/// Widened activations on the stack, in words of two places.
const WORDS: usize = 128;

fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    // Two words are loaded at once, which takes an aligned address. Weights and keys and values have one.
    if w.as_ptr().addr() % 4 != 0 {
        return ruled_out();
    }
    let mut row = 0;
    while row < size.rows {
        // Three rows are cheaper as four, one of them for nothing, than one by one.
        let rows = match size.rows - row {
            1 | 2 => 1,
            3 => 3,
            _ => 4,
        };
        // SAFETY: the rows are among those of the product, whose sizes fit the slices.
        unsafe {
            let (a, sums) = (a.as_ptr().add(row * size.row_bytes), sums.as_mut_ptr().add(row * size.row_sums));
            match rows {
                1 => multiply::<1>(size, rows, a, w.as_ptr(), sums),
                _ => multiply::<4>(size, rows, a, w.as_ptr(), sums),
            }
        }
        row += rows;
    }
}

/// `rows` rows by all channels, in tiles of 4 rows by 2 channels, or 1 by 4. Three of four rows are the last ones.
///
/// # Safety
/// `a` and `sums` have `rows` rows, at least `R - 1`; together with `w`, whose address is a multiple of 4, they fit `size`.
unsafe fn multiply<const R: usize>(size: &Product, rows: usize, a: *const u8, w: *const i8, sums: *mut i32) {
    let idle = R - rows;
    let mut words = [const { MaybeUninit::<u32>::uninit() }; WORDS];
    let words = words.as_mut_ptr().cast::<u32>();
    for row in 0..rows {
        // SAFETY: a row of the result has so many elements.
        unsafe { sums.add(row * size.row_sums).write_bytes(0, size.panels * 16) }
    }
    let mut first = 0;
    while first < size.k_groups {
        let k_groups = (WORDS / (2 * R)).min(size.k_groups - first);
        for place in 0..R {
            // SAFETY: the K groups are among those of the row, and `words` has room for them. An idle row repeats the first.
            unsafe {
                let row = a.add(place.saturating_sub(idle) * size.row_bytes);
                widen::<R>(row.add(first * 4), k_groups, words.add(place));
            }
        }
        for panel in 0..size.panels {
            let channels = if R == 1 { 4 } else { 2 };
            for channel in (0..16).step_by(channels) {
                // SAFETY: K groups and channels are among those of the panel, and `words` has as many K groups.
                unsafe {
                    let w = w.add((panel * size.k_groups + first) * 64 + channel * 4);
                    let sums = sums.add(panel * 16 + channel);
                    let row_bytes = size.row_sums * 4;
                    match R {
                        1 => tile_1x4(w, words, k_groups, sums),
                        _ => tile_4x2(w, words, k_groups, sums, if idle == 0 { row_bytes } else { 0 }, row_bytes),
                    }
                }
            }
        }
        first += k_groups;
    }
}

/// Widens the K groups of a row: for each K group the places 0 and 2 of all `R` rows, then 1 and 3 of all; `words` is this row's first.
///
/// # Safety
/// `k_groups` K groups of 4 bytes follow at `a`, and `k_groups * 2` words, each `R` after the last, at `words`.
unsafe fn widen<const R: usize>(a: *const u8, k_groups: usize, words: *mut u32) {
    for k_group in 0..k_groups {
        // SAFETY: k_group < k_groups.
        unsafe {
            let bytes = a.add(k_group * 4).cast::<u32>().read_unaligned();
            words.add(k_group * 2 * R).write(sxtb16(bytes));
            words.add(k_group * 2 * R + R).write(sxtb16(bytes.rotate_right(8)));
        }
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

/// One K group of 4 rows by 2 channels. Eight sums, two words of weights, two of activations and two addresses are all
/// registers there are; so the weights are loaded twice, for the even and for the odd places.
macro_rules! group_4x2 {
    () => {
        "ldrd r10, r11, [r12]
         sxtb16 r10, r10
         sxtb16 r11, r11
         ldrd r6, r7, [lr], #8
         smlad r0, r6, r10, r0
         smlad r1, r6, r11, r1
         smlad r2, r7, r10, r2
         smlad r3, r7, r11, r3
         ldrd r6, r7, [lr], #8
         smlad r4, r6, r10, r4
         smlad r5, r6, r11, r5
         smlad r8, r7, r10, r8
         smlad r9, r7, r11, r9
         ldrd r10, r11, [r12], #64
         sxtb16 r10, r10, ror #8
         sxtb16 r11, r11, ror #8
         ldrd r6, r7, [lr], #8
         smlad r0, r6, r10, r0
         smlad r1, r6, r11, r1
         smlad r2, r7, r10, r2
         smlad r3, r7, r11, r3
         ldrd r6, r7, [lr], #8
         smlad r4, r6, r10, r4
         smlad r5, r6, r11, r5
         smlad r8, r7, r10, r8
         smlad r9, r7, r11, r9"
    };
}

/// Adds the products of 4 rows by 2 channels to `sums`. The second row of sums is `second` bytes after the first, the others
/// `next` bytes after one another; where `second` is 0 the first row is idle.
///
/// # Safety
/// `k_groups` K groups follow in `a`, 8 words each, and at `w`, whose address is a multiple of 4, the first 8 of 64 bytes each. The
/// rows of sums have two elements.
unsafe fn tile_4x2(w: *const i8, a: *const u32, k_groups: usize, sums: *mut i32, second: usize, next: usize) {
    // SAFETY: reads what the contract grants, one K group after the other until `lr` is at the end, and writes the sums, the idle
    // row's first. The stack keeps what finds no register.
    unsafe {
        asm!(
            "push {{r0, r1, r2, r3, r6, r7}}",
            "tst r4, #1",
            "mov r10, r1",
            "mov r11, r3",
            "ldrd r0, r1, [r10]",
            "add r10, r2",
            "ldrd r2, r3, [r10]",
            "add r10, r11",
            "ldrd r4, r5, [r10]",
            "add r10, r11",
            "ldrd r8, r9, [r10]",
            "beq 3f",
            group_4x2!(),
            "b 3f",
            "2:",
            group_4x2!(),
            group_4x2!(),
            "3:",
            "ldr r6, [sp]",
            "cmp lr, r6",
            "bne 2b",
            "pop {{r6, r10, r11, r12}}",
            "strd r0, r1, [r10]",
            "add r10, r11",
            "strd r2, r3, [r10]",
            "add r10, r12",
            "strd r4, r5, [r10]",
            "add r10, r12",
            "strd r8, r9, [r10]",
            "pop {{r6, r7}}",
            inout("r0") a.wrapping_add(k_groups * 8) => _,
            inout("r1") sums => _,
            inout("r2") second => _,
            inout("r3") next => _,
            inout("r4") k_groups => _,
            inout("r12") w => _,
            inout("lr") a => _,
            out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}

/// Adds the products of one row by 4 channels to `sums`.
///
/// # Safety
/// `k_groups` K groups, at least one, follow in `a`, 2 words each, and at `w`, whose address is a multiple of 4, the first 16 of 64
/// bytes each. There are four sums.
unsafe fn tile_1x4(w: *const i8, a: *const u32, k_groups: usize, sums: *mut i32) {
    // SAFETY: reads what the contract grants, one K group after the other until `r12` is at the end.
    unsafe {
        asm!(
            "push {{r0, r6, r7}}",
            "ldm r0, {{r0-r3}}",
            "2:",
            "ldrd r8, r9, [r12], #8",
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
            in("r4") a.wrapping_add(k_groups * 2),
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
        let quads = codes.as_chunks::<16>().0.iter().zip(high_bits.as_chunks::<4>().0).zip(multipliers);
        let outs = first.as_chunks_mut::<16>().0.iter_mut().zip(second.as_chunks_mut::<16>().0);
        for (((codes, high_bits), &multiplier), (first, second)) in quads.zip(outs) {
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
