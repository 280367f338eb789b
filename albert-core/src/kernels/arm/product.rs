//! Integer products: 2 rows by 8 channels, two K groups at a time.
//!
//! With both factors in [-127, 127] a product and another reach 2 x 127 x 127 = 32258 at most, so `vmull` and `vmlal` fill 16 bits
//! and one `vpadal` adds neighbours into 32. A register of 16 bits has two places of each of four channels' halves: an accumulator of
//! 32 bits has places 0 and 1, and places 2 and 3, of two channels.

use crate::kernels::Product;
use core::arch::asm;

/// Rows of a tile: 8 accumulators, the weights of 8 channels, and room for two products.
const TILE_ROWS: usize = 2;

/// # Safety
/// The CPU has NEON, and the sizes fit the slices.
pub(super) unsafe fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    for panel in 0..size.panels {
        for row in (0..size.rows).step_by(TILE_ROWS) {
            for channel in [0, 8] {
                // SAFETY: the rows and the channels are among those of the product, whose sizes fit the slices.
                unsafe {
                    let a = a.as_ptr().add(row * size.row_bytes);
                    let w = w.as_ptr().add(panel * size.k_groups * 64 + channel * 4);
                    let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16 + channel);
                    if size.rows - row == 1 {
                        one_row(a, w, size.k_groups, sums);
                    } else {
                        two_rows(a, size.row_bytes, w, size.k_groups, sums, size.row_sums);
                    }
                }
            }
        }
    }
}

/// Two rows by 8 channels.
///
/// # Safety
/// The CPU has NEON. At `a` are two rows of `k_groups` K groups, `row_bytes` apart; at `w` 32 bytes of each K group, 64 bytes apart; at
/// `sums` two rows of 8, `row_sums` apart.
#[inline]
unsafe fn two_rows(a: *const u8, row_bytes: usize, w: *const i8, k_groups: usize, sums: *mut i32, row_sums: usize) {
    // SAFETY: the caller's promise. Pairs of K groups are counted to 0, then one may be left.
    unsafe {
        asm!(
            ".fpu neon",
            "vmov.i32 q8, #0",
            "vmov.i32 q9, #0",
            "vmov.i32 q10, #0",
            "vmov.i32 q11, #0",
            "vmov.i32 q12, #0",
            "vmov.i32 q13, #0",
            "vmov.i32 q14, #0",
            "vmov.i32 q15, #0",
            "subs {left}, {left}, #2",
            "blo 3f",
            "2:",
            "vld1.8 {{d0-d3}}, [{w}], {stride}",
            "vld1.32 {{d8[]}}, [{a}]!",
            "vld1.32 {{d10[]}}, [{b}]!",
            "vld1.8 {{d4-d7}}, [{w}], {stride}",
            "vmull.s8 q6, d0, d8",
            "vmull.s8 q7, d0, d10",
            "vld1.32 {{d9[]}}, [{a}]!",
            "vld1.32 {{d11[]}}, [{b}]!",
            "subs {left}, {left}, #2",
            "vmlal.s8 q6, d4, d9",
            "vmlal.s8 q7, d4, d11",
            "vpadal.s16 q8, q6",
            "vmull.s8 q6, d1, d8",
            "vpadal.s16 q12, q7",
            "vmull.s8 q7, d1, d10",
            "vmlal.s8 q6, d5, d9",
            "vmlal.s8 q7, d5, d11",
            // The first weights have been used: two more products have room.
            "vmull.s8 q0, d2, d8",
            "vmull.s8 q2, d2, d10",
            "vpadal.s16 q9, q6",
            "vpadal.s16 q13, q7",
            "vmlal.s8 q0, d6, d9",
            "vmlal.s8 q2, d6, d11",
            "vmull.s8 q6, d3, d8",
            "vmull.s8 q7, d3, d10",
            "vpadal.s16 q10, q0",
            "vpadal.s16 q14, q2",
            "vmlal.s8 q6, d7, d9",
            "vmlal.s8 q7, d7, d11",
            "vpadal.s16 q11, q6",
            "vpadal.s16 q15, q7",
            "bhs 2b",
            "3:",
            "adds {left}, {left}, #2",
            "beq 4f",
            "vld1.8 {{d0-d3}}, [{w}]",
            "vld1.32 {{d8[]}}, [{a}]",
            "vld1.32 {{d10[]}}, [{b}]",
            "vmull.s8 q2, d0, d8",
            "vmull.s8 q3, d0, d10",
            "vmull.s8 q6, d1, d8",
            "vmull.s8 q7, d1, d10",
            "vpadal.s16 q8, q2",
            "vpadal.s16 q12, q3",
            "vpadal.s16 q9, q6",
            "vpadal.s16 q13, q7",
            "vmull.s8 q2, d2, d8",
            "vmull.s8 q3, d2, d10",
            "vmull.s8 q6, d3, d8",
            "vmull.s8 q7, d3, d10",
            "vpadal.s16 q10, q2",
            "vpadal.s16 q14, q3",
            "vpadal.s16 q11, q6",
            "vpadal.s16 q15, q7",
            "4:",
            "vpadd.i32 d16, d16, d17",
            "vpadd.i32 d17, d18, d19",
            "vpadd.i32 d18, d20, d21",
            "vpadd.i32 d19, d22, d23",
            "vpadd.i32 d24, d24, d25",
            "vpadd.i32 d25, d26, d27",
            "vpadd.i32 d26, d28, d29",
            "vpadd.i32 d27, d30, d31",
            "vst1.32 {{d16-d19}}, [{sums}], {row_sums}",
            "vst1.32 {{d24-d27}}, [{sums}]",
            left = inout(reg) k_groups => _,
            w = inout(reg) w => _,
            stride = in(reg) 64,
            a = inout(reg) a => _,
            b = inout(reg) a.add(row_bytes) => _,
            sums = inout(reg) sums => _,
            row_sums = in(reg) row_sums * 4,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _, out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            out("d16") _, out("d17") _, out("d18") _, out("d19") _, out("d20") _, out("d21") _, out("d22") _, out("d23") _,
            out("d24") _, out("d25") _, out("d26") _, out("d27") _, out("d28") _, out("d29") _, out("d30") _, out("d31") _,
            options(nostack),
        );
    }
}

/// One row by 8 channels.
///
/// # Safety
/// As [`two_rows`], with one row.
#[inline]
unsafe fn one_row(a: *const u8, w: *const i8, k_groups: usize, sums: *mut i32) {
    // SAFETY: the caller's promise. Pairs of K groups are counted to 0, then one may be left.
    unsafe {
        asm!(
            ".fpu neon",
            "vmov.i32 q8, #0",
            "vmov.i32 q9, #0",
            "vmov.i32 q10, #0",
            "vmov.i32 q11, #0",
            "subs {left}, {left}, #2",
            "blo 3f",
            "2:",
            "vld1.8 {{d0-d3}}, [{w}], {stride}",
            "vld1.32 {{d24[]}}, [{a}]!",
            "vld1.8 {{d4-d7}}, [{w}], {stride}",
            "vld1.32 {{d25[]}}, [{a}]!",
            "vmull.s8 q13, d0, d24",
            "vmull.s8 q14, d1, d24",
            "vmull.s8 q15, d2, d24",
            "vmull.s8 q0, d3, d24",
            "subs {left}, {left}, #2",
            "vmlal.s8 q13, d4, d25",
            "vmlal.s8 q14, d5, d25",
            "vmlal.s8 q15, d6, d25",
            "vmlal.s8 q0, d7, d25",
            "vpadal.s16 q8, q13",
            "vpadal.s16 q9, q14",
            "vpadal.s16 q10, q15",
            "vpadal.s16 q11, q0",
            "bhs 2b",
            "3:",
            "adds {left}, {left}, #2",
            "beq 4f",
            "vld1.8 {{d0-d3}}, [{w}]",
            "vld1.32 {{d24[]}}, [{a}]",
            "vmull.s8 q13, d0, d24",
            "vmull.s8 q14, d1, d24",
            "vmull.s8 q15, d2, d24",
            "vmull.s8 q2, d3, d24",
            "vpadal.s16 q8, q13",
            "vpadal.s16 q9, q14",
            "vpadal.s16 q10, q15",
            "vpadal.s16 q11, q2",
            "4:",
            "vpadd.i32 d16, d16, d17",
            "vpadd.i32 d17, d18, d19",
            "vpadd.i32 d18, d20, d21",
            "vpadd.i32 d19, d22, d23",
            "vst1.32 {{d16-d19}}, [{sums}]",
            left = inout(reg) k_groups => _,
            w = inout(reg) w => _,
            stride = in(reg) 64,
            a = inout(reg) a => _,
            sums = in(reg) sums,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d16") _, out("d17") _, out("d18") _, out("d19") _, out("d20") _, out("d21") _, out("d22") _, out("d23") _,
            out("d24") _, out("d25") _, out("d26") _, out("d27") _, out("d28") _, out("d29") _, out("d30") _, out("d31") _,
            options(nostack),
        );
    }
}
