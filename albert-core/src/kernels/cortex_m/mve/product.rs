//! Integer products: `vmladava.s8`, 16 products and their sum in one instruction.
//!
//! A vector of weights is four K groups of one channel. They are 64 bytes apart in a panel: a gathering load of words brings them,
//! by a vector of addresses that it also moves on. Sums are in the even registers, up to eight: 4 rows by 2 channels. Loops of fewer rows
//! are `dlstp.32` and `letp`, which take any number of K groups without a tail; that of 4 rows has a sum in their counter `lr`.
//!
//! Weights may lie in slow flash. The first tile of rows that meets a vector of weights leaves it in a copy behind the sums, where the
//! other tiles find it; so each weight is read once for all rows. Where there is no room, they are keys or values, which lie in RAM.

use crate::kernels::Product;
use crate::slices::ruled_out;
use core::arch::asm;

/// Rows of a tile.
const ROWS: usize = 4;
/// K groups of a vector.
const VECTOR: usize = 4;
/// Bytes of a K group of one channel.
const GROUP: usize = 4;
/// Bytes of a K group of a panel.
const PANEL_GROUP: usize = 64;
/// Least K groups of a copy. With fewer, each tile loads weights from their panel.
const LEAST_COPIED: usize = 32;

pub(super) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    // The gathering load takes words at aligned addresses. Weights and keys and values have them.
    if w.as_ptr().addr() % 4 != 0 {
        return ruled_out();
    }
    let (sums, room) = sums.split_at_mut(sums.len().min(size.rows * size.row_sums));
    // SAFETY: sizes fit the slices, and the weights' address is a multiple of 4.
    unsafe {
        match size.rows {
            1 => multiply_row(size, a.as_ptr(), w.as_ptr(), sums.as_mut_ptr()),
            _ => multiply_rows(size, a.as_ptr(), w.as_ptr(), sums.as_mut_ptr(), room),
        }
    }
}

/// One row, a panel at a time.
///
/// # Safety
/// `a`, `w` and `sums` have what `size` says, and the address of `w` is a multiple of 4.
unsafe fn multiply_row(size: &Product, a: *const u8, mut w: *const i8, mut sums: *mut i32) {
    for _ in 0..size.panels {
        // SAFETY: a panel, and as many sums as it has channels.
        unsafe { panel_of_row(w, a, size.k_groups, sums) }
        w = w.wrapping_add(size.k_groups * PANEL_GROUP);
        sums = sums.wrapping_add(16);
    }
}

/// Two rows or more, in tiles of two to four by two channels.
///
/// # Safety
/// As [`multiply_row`].
unsafe fn multiply_rows(size: &Product, a: *const u8, mut w: *const i8, mut sums: *mut i32, room: &mut [i32]) {
    let &Product { rows, row_bytes, k_groups, panels, row_sums, .. } = size;
    // A word of each channel for a K group, in whole vectors.
    let copied = room.len() / 2 / VECTOR * VECTOR;
    let copies = rows > ROWS && copied >= LEAST_COPIED;
    let piece = if copies { copied } else { k_groups };
    let tile = Tile { row_bytes, row_sums: row_sums * 4, copy: room.as_mut_ptr().cast() };
    for pair in 1..=panels * 8 {
        let mut first = 0;
        while first < k_groups {
            let count = (k_groups - first).min(piece);
            let (mut a, mut sums) = (a.wrapping_add(first * GROUP), sums);
            let w = w.wrapping_add(first * PANEL_GROUP);
            let mut left = rows;
            while left > 0 {
                // No tile of one row: 5 are 3 and 2.
                let rows = if left == ROWS + 1 { ROWS - 1 } else { left.min(ROWS) };
                // SAFETY: rows, K groups and channels are among those of the product. The copy has room for `count` K groups if it is
                // made, and is made before it is read.
                unsafe {
                    match (rows, copies, left == size.rows) {
                        (2, false, _) => tile.rows_2(w, a, count, first, sums),
                        (3, false, _) => tile.rows_3(w, a, count, first, sums),
                        (_, false, _) => tile.rows_4(w, a, count, first, sums),
                        (3, true, true) => tile.copying_3(w, a, count, first, sums),
                        (_, true, true) => tile.copying_4(w, a, count, first, sums),
                        (2, true, false) => tile.copied_2(w, a, count, first, sums),
                        (3, true, false) => tile.copied_3(w, a, count, first, sums),
                        (_, true, false) => tile.copied_4(w, a, count, first, sums),
                    }
                }
                a = a.wrapping_add(rows * row_bytes);
                sums = sums.wrapping_add(rows * row_sums);
                left -= rows;
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
         vadd.i32 q7, q7, r9\n"
    };
}

/// What tiles do to their weights: addresses first; then loads of the first and the second channel, alone and under a predicate; and
/// what puts them into the copy.
macro_rules! rows {
    ($rows:tt, panel) => {
        rows!(
            $rows,
            addresses!(),
            "vldrw.u32 q3, [q7, #256]!\n",
            "vldrw.u32 q4, [q7, #4]\n",
            "vldrwt.u32 q3, [q7, #256]!\nvldrwt.u32 q4, [q7, #4]\n",
            "",
            ""
        )
    };
    ($rows:tt, copying) => {
        rows!(
            $rows,
            addresses!(),
            "vldrw.u32 q3, [q7, #256]!\n",
            "vldrw.u32 q4, [q7, #4]\n",
            "vldrwt.u32 q3, [q7, #256]!\nvldrwt.u32 q4, [q7, #4]\n",
            "vstrb.8 q3, [r11], #16\n",
            "vstrb.8 q4, [r11], #16\n"
        )
    };
    ($rows:tt, copied) => {
        rows!(
            $rows,
            "",
            "vldrb.8 q3, [r11], #16\n",
            "vldrb.8 q4, [r11], #16\n",
            "vldrbt.8 q3, [r11], #16\nvldrbt.8 q4, [r11], #16\n",
            "",
            ""
        )
    };
    (2, $before:expr, $first:expr, $second:expr, $tail:expr, $keep_first:expr, $keep_second:expr) => {
        concat!(
            "push {{r0, r2, r6}}\n",
            $before,
            "add r3, r1
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
            $keep_first,
            "vldrb.8 q0, [r1], #16
             vmladava.s8 r0, q0, q3\n",
            $second,
            $keep_second,
            "vmladava.s8 r2, q0, q4
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
    (3, $before:expr, $first:expr, $second:expr, $tail:expr, $keep_first:expr, $keep_second:expr) => {
        concat!(
            "push {{r0, r2, r6}}\n",
            $before,
            "add r5, r1, r3, lsl #1
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
            $keep_first,
            "vldrb.8 q0, [r1], #16
             vmladava.s8 r0, q0, q3\n",
            $second,
            $keep_second,
            "vmladava.s8 r2, q0, q4
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
    (4, $before:expr, $first:expr, $second:expr, $tail:expr, $keep_first:expr, $keep_second:expr) => {
        concat!(
            "push {{r0, r2, r6, r7}}\n",
            $before,
            "mov r9, lr
             add r5, r1, r3, lsl #1
             add r7, r5, r3
             add r3, r1
             cbz r4, 3f
             add r4, r0, r2, lsl #1
             ldrd r10, r12, [r4]
             add r4, r2
             ldrd r6, lr, [r4]
             add r4, r0, r2
             ldrd r4, r8, [r4]
             ldrd r0, r2, [r0]
             b 4f
             3:
             mov r0, #0
             mov r2, #0
             mov r6, #0
             mov r8, #0
             mov r10, #0
             mov r12, #0
             mov lr, #0
             4:
             subs r9, #4
             blo 5f
             2:\n",
            $first,
            $keep_first,
            "vldrb.8 q0, [r1], #16
             vmladava.s8 r0, q0, q3\n",
            $second,
            $keep_second,
            "vmladava.s8 r2, q0, q4
             vldrb.8 q1, [r3], #16
             vmladava.s8 r4, q1, q3
             vldrb.8 q2, [r5], #16
             vmladava.s8 r8, q1, q4
             vmladava.s8 r10, q2, q3
             vldrb.8 q0, [r7], #16
             vmladava.s8 r12, q2, q4
             vmladava.s8 r6, q0, q3
             vmladava.s8 lr, q0, q4
             subs r9, #4
             bhs 2b
             5:
             adds r9, #4
             beq 6f
             vctp.32 r9
             vpstttt\n",
            $tail,
            "vldrbt.8 q0, [r1]
             vldrbt.8 q1, [r3]
             vpstt
             vldrbt.8 q2, [r5]
             vldrbt.8 q5, [r7]\n",
            $keep_first,
            $keep_second,
            "vmladava.s8 r0, q0, q3
             vmladava.s8 r2, q0, q4
             vmladava.s8 r4, q1, q3
             vmladava.s8 r8, q1, q4
             vmladava.s8 r10, q2, q3
             vmladava.s8 r12, q2, q4
             vmladava.s8 r6, q5, q3
             vmladava.s8 lr, q5, q4
             6:
             pop {{r1, r3}}
             strd r0, r2, [r1]
             add r1, r3
             strd r4, r8, [r1]
             add r1, r3
             strd r10, r12, [r1]
             add r1, r3
             strd r6, lr, [r1]
             pop {{r6, r7}}"
        )
    };
}

/// A tile of some rows by 2 channels: bytes from one row of activations, and of sums, to the next, and the copy of weights.
struct Tile {
    row_bytes: usize,
    row_sums: usize,
    copy: *mut i8,
}

/// Functions for a number of rows, whose weights are in their panel, in the panel and then in the copy, or in the copy.
macro_rules! tiles {
    ($($name:ident = $rows:tt, $weights:ident;)*) => {
        $(
            /// Writes the products to `sums`, or adds them where `first`, the number of K groups before these, is not 0.
            ///
            /// # Safety
            /// `a` has the tile's rows, each of `k_groups` K groups, at least one. `w`, whose address is a multiple of 4, has as many K
            /// groups of a panel, 64 bytes each, of which the tile needs the first 8. The copy, if it is meant, has them, or room for
            /// whole vectors of them. Each row of sums has two elements.
            #[inline(never)]
            unsafe fn $name(&self, w: *const i8, a: *const u8, k_groups: usize, first: usize, sums: *mut i32) {
                // SAFETY: reads what the contract grants, four K groups at a time and no more than there are, and writes the sums.
                unsafe {
                    asm!(
                        rows!($rows, $weights),
                        inout("r0") sums => _,
                        inout("r1") a => _,
                        inout("r2") self.row_sums => _,
                        inout("r3") self.row_bytes => _,
                        inout("r4") first => _,
                        inout("r9") w => _,
                        inout("r11") self.copy => _,
                        inout("lr") k_groups => _,
                        out("r5") _, out("r8") _, out("r10") _, out("r12") _,
                        out("q0") _, out("q1") _, out("q2") _, out("q3") _, out("q4") _, out("q5") _, out("q7") _,
                    );
                }
            }
        )*
    };
}

impl Tile {
    tiles! {
        rows_2 = 2, panel;
        rows_3 = 3, panel;
        rows_4 = 4, panel;
        copying_3 = 3, copying;
        copying_4 = 4, copying;
        copied_2 = 2, copied;
        copied_3 = 3, copied;
        copied_4 = 4, copied;
    }
}

/// The products of one row by the 16 channels of a panel, four at a time.
///
/// # Safety
/// `k_groups` K groups, at least one, follow at `a` and at `w`, 64 bytes each, whose address is a multiple of 4. There are 16 sums.
unsafe fn panel_of_row(w: *const i8, a: *const u8, k_groups: usize, sums: *mut i32) {
    // SAFETY: reads what the contract grants, four K groups at a time and no more than there are, and writes the sums.
    unsafe {
        asm!(
            "push {{r6}}",
            addresses!(),
            "pop {{r6}}",
            "add r11, r0, #64",
            "mov r12, #16",
            "2:",
            "vmov q6, q7",
            "mov r1, r3",
            "mov r2, #0",
            "mov r4, #0",
            "mov r8, #0",
            "mov r10, #0",
            "dlstp.32 lr, r5",
            "3:",
            "vldrb.8 q0, [r1], #16",
            "vldrw.u32 q3, [q6, #256]!",
            "vmladava.s8 r2, q0, q3",
            "vldrw.u32 q4, [q6, #4]",
            "vmladava.s8 r4, q0, q4",
            "vldrw.u32 q3, [q6, #8]",
            "vmladava.s8 r8, q0, q3",
            "vldrw.u32 q4, [q6, #12]",
            "vmladava.s8 r10, q0, q4",
            "letp lr, 3b",
            "vadd.i32 q7, q7, r12",
            "stm r0!, {{r2, r4, r8, r10}}",
            "cmp r0, r11",
            "bne 2b",
            inout("r0") sums => _,
            in("r3") a,
            in("r5") k_groups,
            inout("r9") w => _,
            out("r1") _, out("r2") _, out("r4") _, out("r8") _, out("r10") _, out("r11") _, out("r12") _, out("lr") _,
            out("q0") _, out("q3") _, out("q4") _, out("q6") _, out("q7") _,
        );
    }
}
