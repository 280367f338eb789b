//! Two rows in a word on Arm cores with `mla` and without the DSP extension: Cortex-M3, and those of Armv8-M.
//!
//! One channel of three pairs of rows takes all registers: six accumulators, the bias, two weights, two words, a product and two addresses.
//! A compiler's tiles of two channels spill half of theirs.

use super::word32::{Accumulator, BIAS};
use core::arch::asm;

/// The products of a pair of rows by a channel at two places: words at an address, weights in `r7` and `r9`, accumulators.
macro_rules! pair {
    ($words:literal, $high:literal, $total:literal) => {
        concat!(
            "ldrd r10, r11, ",
            $words,
            "
             mla r6, r10, r7, r8
             mla r6, r11, r9, r6
             add ",
            $total,
            ", r6
             add ",
            $high,
            ", ",
            $high,
            ", r6, asr #16\n"
        )
    };
}

/// A loop over K groups. Words of the places 2 and 3 of all pairs come first, the first pair's places 0 and 1 last: that load moves the
/// address on.
macro_rules! k_groups {
    ([$($pair:expr),+], [$($last:expr),+]) => {
        concat!(
            "push {{r6, r7, r9}}
             2:
             ldrsb r7, [r12, #2]
             ldrsb r9, [r12, #3]\n",
            $($pair,)+
            "ldrsb r9, [r12, #1]
             ldrsb r7, [r12], #64\n",
            $($last,)+
            "ldr r6, [sp, #8]
             cmp lr, r6
             bne 2b
             pop {{r6, r7, r9}}"
        )
    };
}

/// A function for `$pairs` pairs of rows: their accumulators, and the loop.
macro_rules! tile {
    ($name:ident = $pairs:literal: [$($index:literal $high:tt $total:tt),+], $text:expr) => {
        /// # Safety
        /// As [`Packing::multiply`](super::Packing::multiply), for these pairs, the second row of the last of which may be missing.
        pub(super) unsafe fn $name(
            w: *const i8,
            words: *const i32,
            rows: usize,
            k_groups: usize,
            sums: *mut i32,
            row_sums: usize,
        ) {
            let end = words.wrapping_add(k_groups * $pairs * 4);
            for channel in 0..16 {
                let mut pairs = [Accumulator::ZERO; $pairs];
                // SAFETY: reads what the contract grants, one K group after the other until `lr` is at the end.
                unsafe {
                    asm!(
                        $text,
                        $(inout($high) pairs[$index].high, inout($total) pairs[$index].total,)+
                        in("r8") BIAS,
                        inout("r9") end => _,
                        inout("r12") w.add(channel * 4) => _,
                        inout("lr") words => _,
                        out("r10") _, out("r11") _,
                        options(readonly),
                    );
                }
                // SAFETY: `rows` rows of 16 sums are at `sums`.
                unsafe {
                    $(pairs[$index].store(k_groups, $index, rows, sums.add(channel), row_sums);)+
                }
            }
        }
    };
}

tile!(pair = 1: [0 "r0" "r3"], k_groups!([pair!("[lr, #8]", "r0", "r3")], [pair!("[lr], #16", "r0", "r3")]));
tile!(
    two_pairs = 2: [0 "r0" "r3", 1 "r1" "r4"],
    k_groups!(
        [pair!("[lr, #8]", "r0", "r3"), pair!("[lr, #24]", "r1", "r4")],
        [pair!("[lr, #16]", "r1", "r4"), pair!("[lr], #32", "r0", "r3")]
    )
);
tile!(
    three_pairs = 3: [0 "r0" "r3", 1 "r1" "r4", 2 "r2" "r5"],
    k_groups!(
        [pair!("[lr, #8]", "r0", "r3"), pair!("[lr, #24]", "r1", "r4"), pair!("[lr, #40]", "r2", "r5")],
        [pair!("[lr, #32]", "r2", "r5"), pair!("[lr, #16]", "r1", "r4"), pair!("[lr], #48", "r0", "r3")]
    )
);
