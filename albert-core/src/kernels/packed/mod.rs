//! Portable integers: several rows of activations in one word, so that one multiplication serves all of them.
//!
//! A word holds one place in K of two rows (32 bits) or three rows (64 bits), each in a field of its own. Its product with a
//! weight holds the products of all rows, and a sum of so many products as a field has room for is taken apart into exact sums.
//! Packed words are made once for a piece of K and serve all channels; the weights of a panel are read once for all rows, since
//! they may lie in slow flash.

#[cfg(all(target_arch = "riscv32", target_feature = "m"))]
mod riscv32;
#[cfg(arm_thumb2)]
mod thumb2;
mod word32;
mod word64;

use super::{KernelSet, Product, columns, scalar};
use crate::build_features::LARGE_TARGET;
use core::mem::MaybeUninit;
use core::num::NonZero;

/// Two rows in a word: for 32-bit cores. Bytes of activations are i8.
pub(super) static SET32: KernelSet = KernelSet {
    name: "packed32",
    matmul_i8: multiply::<word32::Pairs>,
    dequantize: columns::dequantize,
    ..scalar::SET
};

/// Three rows in a word: for 64-bit cores. Bytes of activations are i8.
pub(super) static SET64: KernelSet =
    KernelSet { name: "packed64", matmul_i8: multiply::<word64::Triples>, ..scalar::SET };

/// The sets of architectures without better ones, best first.
#[cfg(not(any(
    arm_dsp,
    target_arch = "x86_64",
    all(target_arch = "arm", any(target_os = "linux", target_os = "android")),
    all(target_arch = "riscv64", any(target_os = "linux", target_os = "android")),
    all(target_arch = "wasm32", target_feature = "simd128"),
)))]
pub(super) const SETS: &[&KernelSet] =
    if cfg!(target_pointer_width = "64") { &[&SET64, &SET32, &scalar::SET] } else { &[&SET32, &SET64, &scalar::SET] };

/// How rows share words.
trait Packing {
    type Word: Copy;
    /// Rows of a tile.
    const ROWS: usize;
    /// Tiles whose rows are packed at a time.
    const TILES: usize;
    /// K groups after which the fields of accumulators are taken apart, at most.
    const K_GROUPS: usize;

    /// Words of one K group of `rows` rows.
    fn words(rows: usize) -> usize;

    /// Adds the products of up to [`Self::ROWS`] rows by the 16 channels of a panel to `sums`.
    ///
    /// # Safety
    /// `k_groups` (at least one, at most [`Self::K_GROUPS`]) K groups of 64 bytes follow at `w`; `words` is what [`Self::pack`] made of
    /// these rows. `rows` (1 to [`Self::ROWS`]) rows of 16 elements, `row_sums` apart, are at `sums`.
    unsafe fn multiply(
        w: *const i8,
        words: *const Self::Word,
        rows: usize,
        k_groups: usize,
        sums: *mut i32,
        row_sums: usize,
    );

    /// Packs the first `k_groups` K groups of `rows` rows.
    ///
    /// # Safety
    /// `rows` (1 to [`Self::ROWS`]) rows of `k_groups * 4` bytes, `row_bytes` apart, are at `a`; `words` has room for `k_groups` times
    /// [`Self::words`].
    unsafe fn pack(a: *const u8, row_bytes: usize, rows: usize, k_groups: usize, words: *mut Self::Word);
}

/// Words on the stack, where there is no more room behind the sums.
const WORDS: usize = 128;
/// Bytes of a K group of a panel.
const K_GROUP_BYTES: usize = 64;

/// `matmul_i8` of a packing.
fn multiply<P: Packing>(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let mut words = [const { MaybeUninit::<P::Word>::uninit() }; WORDS];
    let (sums, rest) = sums.split_at_mut(sums.len().min(size.rows * size.row_sums));
    // What is behind the sums is the kernel's; it has room for more K groups than a small stack.
    let (words, most_words) = if !LARGE_TARGET && align_of::<P::Word>() == 4 && rest.len() > WORDS {
        (rest.as_mut_ptr().cast::<P::Word>(), rest.len())
    } else {
        (words.as_mut_ptr().cast::<P::Word>(), WORDS)
    };
    let mut first_row = 0;
    while first_row < size.rows {
        let rows = (size.rows - first_row).min(P::ROWS * P::TILES);
        // Weights that serve several tiles are copied, since they may lie in slow flash.
        let copies = !LARGE_TARGET && rows > P::ROWS && w.as_ptr().addr().is_multiple_of(4);
        let copy_words = if copies { K_GROUP_BYTES / size_of::<P::Word>() } else { 0 };
        // Not divided by a number that might be zero: the compiler would keep a check.
        let group_words = NonZero::<usize>::MIN.saturating_add(P::words(rows) + copy_words - 1);
        let most_groups = P::K_GROUPS.min(most_words / group_words);
        // SAFETY: the rows are among those of the product, whose sizes fit the slices. There is room for the words of all tiles and for
        // the copy of `most_groups` K groups, and each word is packed before it is multiplied.
        unsafe {
            let a = a.as_ptr().add(first_row * size.row_bytes);
            let sums = sums.as_mut_ptr().add(first_row * size.row_sums);
            for row in 0..rows {
                sums.add(row * size.row_sums).write_bytes(0, size.panels * 16);
            }
            let mut first = 0;
            while first < size.k_groups {
                let k_groups = (size.k_groups - first).min(most_groups);
                for row in (0..rows).step_by(P::ROWS) {
                    let a = a.add(row * size.row_bytes + first * 4);
                    P::pack(
                        a,
                        size.row_bytes,
                        (rows - row).min(P::ROWS),
                        k_groups,
                        words.add(P::words(row) * k_groups),
                    );
                }
                for panel in 0..size.panels {
                    let mut w = w.as_ptr().add((panel * size.k_groups + first) * K_GROUP_BYTES);
                    if copies {
                        let copy = words.add(P::words(rows) * k_groups).cast();
                        copy_k_groups(w, k_groups, copy);
                        w = copy;
                    }
                    for row in (0..rows).step_by(P::ROWS) {
                        let (words, rows) = (words.add(P::words(row) * k_groups), (rows - row).min(P::ROWS));
                        P::multiply(
                            w,
                            words,
                            rows,
                            k_groups,
                            sums.add(row * size.row_sums + panel * 16),
                            size.row_sums,
                        );
                    }
                }
                first += k_groups;
            }
        }
        first_row += rows;
    }
}

/// Copies K groups of a panel, each word read once. A call of the compiler's `memcpy` would take five instructions for a word.
///
/// # Safety
/// There are `k_groups` K groups, at least one, at `w`, whose address is a multiple of 4, and there is room for them at `copy`.
#[cfg(target_arch = "arm")]
unsafe fn copy_k_groups(w: *const i8, k_groups: usize, copy: *mut i8) {
    // SAFETY: reads and writes what the contract grants, one K group after the other until the end.
    unsafe {
        core::arch::asm!(
            "2:",
            "ldm r0!, {{r2-r5}}",
            "stm r1!, {{r2-r5}}",
            "ldm r0!, {{r2-r5}}",
            "stm r1!, {{r2-r5}}",
            "ldm r0!, {{r2-r5}}",
            "stm r1!, {{r2-r5}}",
            "ldm r0!, {{r2-r5}}",
            "stm r1!, {{r2-r5}}",
            "cmp r0, {end}",
            "bne 2b",
            end = in(reg) w.wrapping_add(k_groups * K_GROUP_BYTES),
            inout("r0") w => _,
            inout("r1") copy => _,
            out("r2") _, out("r3") _, out("r4") _, out("r5") _,
            options(nostack),
        );
    }
}

/// Copies K groups of a panel, each word read once. Volatile, so that this does not become a call that takes more instructions.
///
/// # Safety
/// There are `k_groups` K groups at `w`, whose address is a multiple of 4, and there is room for them at `copy`.
#[cfg(not(target_arch = "arm"))]
unsafe fn copy_k_groups(w: *const i8, k_groups: usize, copy: *mut i8) {
    let (w, copy) = (w.cast::<[u32; 4]>(), copy.cast::<[u32; 4]>());
    for index in 0..k_groups * (K_GROUP_BYTES / size_of::<[u32; 4]>()) {
        // SAFETY: the index is among those of the contract.
        unsafe {
            let (w, copy) = (w.add(index).cast::<u32>(), copy.add(index).cast::<u32>());
            let (a, b) = (w.read_volatile(), w.add(1).read_volatile());
            let (c, d) = (w.add(2).read_volatile(), w.add(3).read_volatile());
            copy.write(a);
            copy.add(1).write(b);
            copy.add(2).write(c);
            copy.add(3).write(d);
        }
    }
}

/// Adds the products of one row by 16 channels, not packed: a word is one place in K.
///
/// # Safety
/// As [`Packing::multiply`] with one row and a word for each place.
unsafe fn multiply_row(w: *const i8, words: *const i32, k_groups: usize, sums: *mut i32) {
    for channel in (0..16).step_by(4) {
        let mut totals = [0i32; 4];
        for k_group in 0..k_groups {
            // SAFETY: K group and channels are among those of the contract.
            unsafe {
                let a = words.add(k_group * 4).cast::<[i32; 4]>().read();
                let w = w.add(k_group * 64 + channel * 4);
                let [p, q, r, s] = totals;
                totals = [
                    p.wrapping_add(dot(a, weights(w))),
                    q.wrapping_add(dot(a, weights(w.add(4)))),
                    r.wrapping_add(dot(a, weights(w.add(8)))),
                    s.wrapping_add(dot(a, weights(w.add(12)))),
                ];
            }
        }
        let [p, q, r, s] = totals;
        // SAFETY: there are 16 sums.
        unsafe {
            let sums = sums.add(channel);
            add(sums, p);
            add(sums.add(1), q);
            add(sums.add(2), r);
            add(sums.add(3), s);
        }
    }
}

#[inline(always)]
fn dot([a, b, c, d]: [i32; 4], [p, q, r, s]: [i32; 4]) -> i32 {
    a * p + b * q + c * r + d * s
}

/// Four weights of a channel, widened. Byte loads extend the sign for nothing.
///
/// # Safety
/// Four bytes are at `w`.
#[inline(always)]
unsafe fn weights(w: *const i8) -> [i32; 4] {
    // SAFETY: the caller's.
    unsafe { [i32::from(*w), i32::from(*w.add(1)), i32::from(*w.add(2)), i32::from(*w.add(3))] }
}

/// # Safety
/// `sum` can be read and written.
#[inline(always)]
unsafe fn add(sum: *mut i32, value: i32) {
    // SAFETY: the caller's.
    unsafe { sum.write(sum.read().wrapping_add(value)) }
}
