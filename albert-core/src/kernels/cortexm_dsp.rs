//! Arm Cortex-M with the DSP extension: `smlad`, two products of 16 bits and their sums in one instruction.
//!
//! Bytes become pairs of 16 bits by `sxtb16`: slots 0 and 2 of a step, and slots 1 and 3. Activations are widened a stretch
//! at a time, on the stack, and serve all channels; weights in the loop, where they serve all rows of a tile.

use super::{KernelSet, Product, scalar};
use core::arch::asm;

/// The set of Cortex-M4, M7, and of M33 and later ones with the extension. Bytes of activations are i8.
pub(super) static SET: KernelSet =
    KernelSet { name: "cortexmdsp", available: || true, activation_offset: 0, matmul_i8, ..scalar::SET };

/// Widened activations on the stack, in words of two slots.
const WORDS: usize = 256;

fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    // Two words are loaded at once, which takes an aligned address. The weights of the encoder have one.
    if w.as_ptr().addr() % 4 != 0 {
        return scalar::matmul_i8(size, a, w, sums);
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
    let mut words = [0; WORDS];
    for row in 0..rows {
        // SAFETY: a row of the result has so many elements.
        unsafe { sums.add(row * size.row_sums).write_bytes(0, size.blocks * 16) }
    }
    let mut first = 0;
    while first < size.steps {
        let steps = (WORDS / (2 * R)).min(size.steps - first);
        for row in 0..rows {
            // SAFETY: the steps are among those of the row.
            unsafe { widen::<R>(a.add(row * size.row_bytes + first * 4), steps, idle + row, &mut words) }
        }
        for block in 0..size.blocks {
            let channels = if R == 1 { 4 } else { 2 };
            for channel in (0..16).step_by(channels) {
                // SAFETY: steps and channels are among those of the block, and `words` has as many steps.
                unsafe {
                    let w = w.add((block * size.steps + first) * 64 + channel * 4);
                    let sums = sums.add(block * 16 + channel);
                    let row_bytes = size.row_sums * 4;
                    match R {
                        1 => tile_1x4(w, words.as_ptr(), steps, sums),
                        _ => tile_4x2(w, words.as_ptr(), steps, sums, if idle == 0 { row_bytes } else { 0 }, row_bytes),
                    }
                }
            }
        }
        first += steps;
    }
}

/// Widens the steps of a row: for each step the slots 0 and 2 of all `R` rows, then 1 and 3 of all.
///
/// # Safety
/// `steps` steps of 4 bytes follow at `a`.
unsafe fn widen<const R: usize>(a: *const u8, steps: usize, row: usize, words: &mut [u32; WORDS]) {
    for (step, place) in words.as_chunks_mut::<R>().0.as_chunks_mut::<2>().0.iter_mut().take(steps).enumerate() {
        // SAFETY: step < steps.
        let bytes = unsafe { a.add(step * 4).cast::<u32>().read_unaligned() };
        let [even, odd] = place;
        if let (Some(even), Some(odd)) = (even.get_mut(row), odd.get_mut(row)) {
            (*even, *odd) = (sxtb16(bytes), sxtb16(bytes.rotate_right(8)));
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

/// One step of 4 rows by 2 channels. Eight sums, two words of weights, two of activations and two addresses are all
/// registers there are; so the weights are loaded twice, for the even and for the odd slots.
macro_rules! step_4x2 {
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
/// `steps` steps follow in `a`, 8 words each, and at `w`, whose address is a multiple of 4, the first 8 of 64 bytes each. The
/// rows of sums have two elements.
unsafe fn tile_4x2(w: *const i8, a: *const u32, steps: usize, sums: *mut i32, second: usize, next: usize) {
    // SAFETY: reads what the contract grants, one step after the other until `lr` is at the end, and writes the sums, the idle
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
            step_4x2!(),
            "b 3f",
            "2:",
            step_4x2!(),
            step_4x2!(),
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
            inout("r0") a.wrapping_add(steps * 8) => _,
            inout("r1") sums => _,
            inout("r2") second => _,
            inout("r3") next => _,
            inout("r4") steps => _,
            inout("r12") w => _,
            inout("lr") a => _,
            out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}

/// Adds the products of one row by 4 channels to `sums`.
///
/// # Safety
/// `steps` steps, at least one, follow in `a`, 2 words each, and at `w`, whose address is a multiple of 4, the first 16 of 64
/// bytes each. There are four sums.
unsafe fn tile_1x4(w: *const i8, a: *const u32, steps: usize, sums: *mut i32) {
    // SAFETY: reads what the contract grants, one step after the other until `r12` is at the end.
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
            in("r4") a.wrapping_add(steps * 2),
            inout("r12") a => _,
            inout("lr") w => _,
            out("r1") _, out("r2") _, out("r3") _, out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}
