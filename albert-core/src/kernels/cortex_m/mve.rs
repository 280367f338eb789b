//! Arm Cortex-M with Helium (MVE): `vmladava.s8`, 16 products and their sum in one instruction.
//!
//! A vector of weights is four K groups of one channel. They are 64 bytes apart in a panel: a gathering load of words brings them,
//! by a vector of addresses that it also moves on. `dlstp.32` makes a loop of any number of K groups, without a tail.
//!
//! Weights may lie in slow flash. The first tile of rows that meets a vector of weights leaves it in a copy on the stack, where the other
//! tiles find it; so each weight is read once for all rows.

use super::dsp;
use crate::kernels::{KernelSet, Product};
use crate::slices::ruled_out;
use core::arch::asm;
use core::mem::MaybeUninit;

/// The set of Cortex-M52, M55 and M85. Bytes of activations are i8.
pub(crate) static SET: KernelSet = KernelSet { name: "cortexmve", matmul_i8, ..dsp::SET };

/// K groups of two channels that are copied at a time.
const COPIED: usize = 80;
/// Bytes of a K group of one channel.
const GROUP: usize = 4;
/// Bytes of a K group of a panel.
const PANEL_GROUP: usize = 64;

fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    // The gathering load takes words at aligned addresses. Weights and keys and values have them.
    if w.as_ptr().addr() % 4 != 0 {
        return ruled_out();
    }
    // SAFETY: sizes fit the slices, and the weights' address is a multiple of 4.
    unsafe {
        match size.rows {
            1 => multiply_row(size, a.as_ptr(), w.as_ptr(), sums.as_mut_ptr()),
            _ => multiply_rows(size, a.as_ptr(), w.as_ptr(), sums.as_mut_ptr()),
        }
    }
}

/// One row, four channels at a time.
///
/// # Safety
/// `a`, `w` and `sums` have what `size` says, and the address of `w` is a multiple of 4.
unsafe fn multiply_row(size: &Product, a: *const u8, mut w: *const i8, mut sums: *mut i32) {
    for _ in 0..size.panels {
        for channel in (0..16).step_by(4) {
            // SAFETY: four channels of a panel, and as many sums.
            unsafe { tile_1x4(w.add(channel * GROUP), a, size.k_groups, sums.add(channel)) }
        }
        w = w.wrapping_add(size.k_groups * PANEL_GROUP);
        sums = sums.wrapping_add(16);
    }
}

/// Two rows or more, in tiles of up to three by two channels.
///
/// # Safety
/// As [`multiply_row`].
unsafe fn multiply_rows(size: &Product, a: *const u8, mut w: *const i8, mut sums: *mut i32) {
    let &Product { rows, row_bytes, k_groups, panels, row_sums, .. } = size;
    let mut copy = [const { MaybeUninit::<i8>::uninit() }; COPIED * GROUP * 2];
    let copy = copy.as_mut_ptr().cast::<i8>();
    let piece = if rows > 3 { COPIED } else { k_groups };
    let tile = Tile { row_bytes, row_sums: row_sums * 4 };
    for pair in 1..=panels * 8 {
        let mut first = 0;
        while first < k_groups {
            let count = (k_groups - first).min(piece);
            let (mut a, mut sums) = (a.wrapping_add(first * GROUP), sums);
            // SAFETY: rows, K groups and channels are among those of the product. The copy has room for `count` K groups if it is made,
            // and is made before it is read.
            unsafe {
                let w = w.add(first * PANEL_GROUP);
                match rows {
                    2 => tile.rows_2(w, a, count, first, sums),
                    3 => tile.rows_3(w, a, count, first, sums),
                    _ => tile.rows_3_copying(w, copy, a, count, first, sums),
                }
                let mut left = rows.saturating_sub(3);
                while left > 0 {
                    a = a.wrapping_add(3 * row_bytes);
                    sums = sums.wrapping_add(3 * row_sums);
                    match left {
                        1 => tile.copied_1(copy, a, count, first, sums),
                        2 => tile.copied_2(copy, a, count, first, sums),
                        _ => tile.copied_3(copy, a, count, first, sums),
                    }
                    left = left.saturating_sub(3);
                }
            }
            first += count;
        }
        w = w.wrapping_add(2 * GROUP);
        sums = sums.wrapping_add(2);
        if pair % 8 == 0 {
            w = w.wrapping_add((k_groups - 1) * PANEL_GROUP);
        }
    }
}

/// Addresses of four K groups of a channel in `q7`, less 256, from the first one in `r9`. Uses `r6`.
macro_rules! addresses {
    () => {
        "movs r6, #0
         vidup.u32 q7, r6, #8
         vshl.i32 q7, q7, #3
         sub r9, r9, #256
         vadd.i32 q7, q7, r9"
    };
}

/// A loop over K groups, for the sums of one row in `r0` and `r2`, of others in `r4` and `r8`, `r10` and `r12`, by weights that two lines
/// load. The first row is at `r1`, others `r3` bytes after one another. Sums begin with what is there unless `r4` is 0.
macro_rules! rows {
    (1, [$($before:tt)*], $first:literal, $second:literal) => {
        concat!(
            "push {{r0, r6}}\n",
            $($before)*,
            "
             cbz r4, 3f
             ldrd r0, r2, [r0]
             b 4f
             3:
             mov r0, #0
             mov r2, #0
             4:
             dlstp.32 lr, lr
             2:\n",
            $first,
            "
             vldrb.8 q0, [r1], #16
             vmladava.s8 r0, q0, q3\n",
            $second,
            "
             vmladava.s8 r2, q0, q4
             letp lr, 2b
             pop {{r1, r6}}
             strd r0, r2, [r1]"
        )
    };
    (2, [$($before:tt)*], $first:literal, $second:literal) => {
        concat!(
            "push {{r0, r2, r6}}\n",
            $($before)*,
            "
             add r3, r1
             cbz r4, 3f
             add r6, r0, r2
             ldrd r4, r8, [r6]
             ldrd r0, r2, [r0]
             b 4f
             3:
             mov r0, #0
             mov r2, #0
             mov r8, #0
             4:
             dlstp.32 lr, lr
             2:\n",
            $first,
            "
             vldrb.8 q0, [r1], #16
             vmladava.s8 r0, q0, q3\n",
            $second,
            "
             vmladava.s8 r2, q0, q4
             vldrb.8 q1, [r3], #16
             vmladava.s8 r4, q1, q3
             vmladava.s8 r8, q1, q4
             letp lr, 2b
             pop {{r1, r3, r6}}
             strd r0, r2, [r1]
             add r1, r3
             strd r4, r8, [r1]"
        )
    };
    (3, [$($before:tt)*], $first:literal, $second:literal) => {
        concat!(
            "push {{r0, r2, r6}}\n",
            $($before)*,
            "
             add r5, r1, r3, lsl #1
             add r3, r1
             cbz r4, 3f
             add r6, r0, r2
             ldrd r4, r8, [r6]
             add r6, r2
             ldrd r10, r12, [r6]
             ldrd r0, r2, [r0]
             b 4f
             3:
             mov r0, #0
             mov r2, #0
             mov r8, #0
             mov r10, #0
             mov r12, #0
             4:
             dlstp.32 lr, lr
             2:\n",
            $first,
            "
             vldrb.8 q0, [r1], #16
             vmladava.s8 r0, q0, q3\n",
            $second,
            "
             vmladava.s8 r2, q0, q4
             vldrb.8 q1, [r3], #16
             vmladava.s8 r4, q1, q3
             vldrb.8 q2, [r5], #16
             vmladava.s8 r8, q1, q4
             vmladava.s8 r10, q2, q3
             vmladava.s8 r12, q2, q4
             letp lr, 2b
             pop {{r1, r3, r6}}
             strd r0, r2, [r1]
             add r1, r3
             strd r4, r8, [r1]
             add r1, r3
             strd r10, r12, [r1]"
        )
    };
}

/// A tile of some rows by 2 channels: bytes from one row of activations, and of sums, to the next.
struct Tile {
    row_bytes: usize,
    row_sums: usize,
}

/// Functions for a number of rows, whose weights are in their panel (`w`), in a copy, or in the panel and then in the copy, too.
macro_rules! tiles {
    ($($name:ident($($weights:ident: $type:ty = $register:tt),+) = $rows:tt, [$($before:tt)*], $first:literal, $second:literal;)*) => {
        $(
            /// Writes the products to `sums`, or adds them where `first`, the number of K groups before these, is not 0.
            ///
            /// # Safety
            /// So many rows of `k_groups` K groups, at least one, follow at `a`. So many K groups of a panel, of which this needs the
            /// first 8 of 64 bytes each, are at `w` if it is there. Otherwise `copy` has what was copied of them; it has room. Each row
            /// of sums has two elements.
            #[inline(never)]
            unsafe fn $name(&self, $($weights: $type,)+ a: *const u8, k_groups: usize, first: usize, sums: *mut i32) {
                // SAFETY: reads what the contract grants, four K groups at a time and no more than there are, and writes the sums.
                unsafe {
                    asm!(
                        rows!($rows, [$($before)*], $first, $second),
                        inout("r0") sums => _,
                        inout("r1") a => _,
                        inout("r2") self.row_sums => _,
                        inout("r3") self.row_bytes => _,
                        inout("r4") first => _,
                        $(inout($register) $weights => _,)+
                        inout("lr") k_groups => _,
                        out("r5") _, out("r8") _, out("r10") _, out("r12") _,
                        out("q0") _, out("q1") _, out("q2") _, out("q3") _, out("q4") _, out("q7") _,
                    );
                }
            }
        )*
    };
}

impl Tile {
    tiles! {
        rows_2(w: *const i8 = "r9") = 2, [addresses!()], "vldrw.u32 q3, [q7, #256]!", "vldrw.u32 q4, [q7, #4]";
        rows_3(w: *const i8 = "r9") = 3, [addresses!()], "vldrw.u32 q3, [q7, #256]!", "vldrw.u32 q4, [q7, #4]";
        rows_3_copying(w: *const i8 = "r9", copy: *mut i8 = "r11") = 3, [addresses!()],
            "vldrw.u32 q3, [q7, #256]!
             vstrb.8 q3, [r11], #16",
            "vldrw.u32 q4, [q7, #4]
             vstrb.8 q4, [r11], #16";
        copied_1(copy: *const i8 = "r11") = 1, [""], "vldrb.8 q3, [r11], #16", "vldrb.8 q4, [r11], #16";
        copied_2(copy: *const i8 = "r11") = 2, [""], "vldrb.8 q3, [r11], #16", "vldrb.8 q4, [r11], #16";
        copied_3(copy: *const i8 = "r11") = 3, [""], "vldrb.8 q3, [r11], #16", "vldrb.8 q4, [r11], #16";
    }
}

/// The products of one row by 4 channels.
///
/// # Safety
/// `k_groups` K groups, at least one, follow at `a` and at `w`, the first 16 of 64 bytes each. There are four sums.
unsafe fn tile_1x4(w: *const i8, a: *const u8, k_groups: usize, sums: *mut i32) {
    // SAFETY: reads what the contract grants, four K groups at a time and no more than there are, and writes the sums.
    unsafe {
        asm!(
            "push {{r6}}",
            addresses!(),
            "dlstp.32 lr, lr",
            "mov r2, #0",
            "mov r4, #0",
            "mov r8, #0",
            "mov r10, #0",
            "2:",
            "vldrb.8 q0, [r1], #16",
            "vldrw.u32 q3, [q7, #256]!",
            "vmladava.s8 r2, q0, q3",
            "vldrw.u32 q4, [q7, #4]",
            "vmladava.s8 r4, q0, q4",
            "vldrw.u32 q3, [q7, #8]",
            "vmladava.s8 r8, q0, q3",
            "vldrw.u32 q4, [q7, #12]",
            "vmladava.s8 r10, q0, q4",
            "letp lr, 2b",
            "pop {{r6}}",
            "stm r0, {{r2, r4, r8, r10}}",
            in("r0") sums,
            inout("r1") a => _,
            inout("r9") w => _,
            inout("lr") k_groups => _,
            out("r2") _, out("r4") _, out("r8") _, out("r10") _,
            out("q0") _, out("q3") _, out("q4") _, out("q7") _,
        );
    }
}
