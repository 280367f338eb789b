//! Two rows in a word of 32 bits: 16 bits and the rest.
//!
//! Two places in K are added before the fields are taken apart: 2 x 127 x 128 is less than 2^15, so that with 2^15 added the low
//! field neither borrows nor carries, and an arithmetic shift gives the high row exactly. The low row is what the total of all
//! words has besides.

use super::{Packing, add, multiply_row, weights};

/// Rows 0 and 1, 2 and 3, and 4 and 5, of a tile.
pub(super) struct Pairs;

/// Accumulators of a pair of rows and a channel.
#[derive(Clone, Copy)]
pub(super) struct Accumulator {
    pub(super) high: i32,
    pub(super) total: i32,
}

/// Makes the low field positive.
pub(super) const BIAS: i32 = 1 << 15;

impl Accumulator {
    pub(super) const ZERO: Self = Self { high: 0, total: 0 };

    /// One K group: four places.
    #[cfg(not(any(arm_thumb2, all(target_arch = "riscv32", target_feature = "m"))))]
    #[inline(always)]
    fn accumulate(&mut self, [a, b, c, d]: [i32; 4], [p, q, r, s]: [i32; 4]) {
        self.places(a, p, b, q);
        self.places(c, r, d, s);
    }

    /// Two places.
    #[cfg(not(any(arm_thumb2, all(target_arch = "riscv32", target_feature = "m"))))]
    #[inline(always)]
    fn places(&mut self, a: i32, p: i32, b: i32, q: i32) {
        let sum = a.wrapping_mul(p).wrapping_add(b.wrapping_mul(q).wrapping_add(BIAS));
        self.high = self.high.wrapping_add(sum >> 16);
        self.total = self.total.wrapping_add(sum);
    }

    /// Adds the sums of the pair of rows `pair`, whose second row is there if it is one of `rows` rows.
    ///
    /// # Safety
    /// The sums of these rows, `row_sums` apart, can be written; `sums` is the first row's.
    #[inline(always)]
    pub(super) unsafe fn store(self, k_groups: usize, pair: usize, rows: usize, sums: *mut i32, row_sums: usize) {
        let biases = (2 * BIAS).wrapping_mul(k_groups as i32);
        // SAFETY: the caller's.
        unsafe {
            let low = sums.add(2 * pair * row_sums);
            add(low, self.total.wrapping_sub(self.high << 16).wrapping_sub(biases));
            if 2 * pair + 1 < rows {
                add(low.add(row_sums), self.high);
            }
        }
    }
}

impl Packing for Pairs {
    type Word = i32;
    const ROWS: usize = 6;
    const TILES: usize = 3;
    // Words of accumulators hold sums of any length.
    const K_GROUPS: usize = usize::MAX;

    fn words(rows: usize) -> usize {
        4 * rows.div_ceil(2)
    }

    unsafe fn multiply(w: *const i8, words: *const i32, rows: usize, k_groups: usize, sums: *mut i32, row_sums: usize) {
        // SAFETY: the caller's contract, for as many rows as there are.
        unsafe {
            match rows {
                1 => multiply_row(w, words, k_groups, sums),
                2 => tile::pair(w, words, rows, k_groups, sums, row_sums),
                3 | 4 => tile::two_pairs(w, words, rows, k_groups, sums, row_sums),
                _ => tile::three_pairs(w, words, rows, k_groups, sums, row_sums),
            }
        }
    }

    unsafe fn pack(a: *const u8, row_bytes: usize, rows: usize, k_groups: usize, words: *mut i32) {
        let pairs = rows.div_ceil(2);
        for pair in 0..pairs {
            let (low, words) = (a.wrapping_add(2 * pair * row_bytes), words.wrapping_add(pair * 4));
            let high = (2 * pair + 1 < rows).then(|| low.wrapping_add(row_bytes).cast());
            // SAFETY: rows and K groups are among those of the contract; 4 words for each pair of a K group.
            unsafe { pack_pair(low.cast(), high, k_groups, words.cast(), pairs) }
        }
    }
}

/// Packs a pair of rows, whose second may be missing. Not inlined: a loop of its own has registers enough.
///
/// # Safety
/// `k_groups` K groups of 4 bytes follow at `low` and `high`, and as many times four words, `pairs` times as far apart, at `words`.
#[inline(never)]
unsafe fn pack_pair(low: *const i8, high: Option<*const i8>, k_groups: usize, words: *mut [i32; 4], pairs: usize) {
    for k_group in 0..k_groups {
        // SAFETY: k_group < k_groups.
        unsafe {
            let words = words.add(k_group * pairs);
            let [p, q, r, s] = weights(low.add(k_group * 4));
            *words = match high {
                Some(high) => {
                    let [a, b, c, d] = weights(high.add(k_group * 4));
                    [p + (a << 16), q + (b << 16), r + (c << 16), s + (d << 16)]
                }
                None => [p, q, r, s],
            };
        }
    }
}

/// Products of some pairs of rows by 16 channels.
#[cfg(not(any(arm_thumb2, all(target_arch = "riscv32", target_feature = "m"))))]
mod tile {
    use super::{Accumulator, weights};

    /// A function for the pairs of rows that are listed, two channels at a time.
    macro_rules! tile {
        ($name:ident: $($pair:ident $index:literal),+) => {
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
                const PAIRS: usize = [$($index),+].len();
                for channel in (0..16).step_by(2) {
                    $(let mut $pair = [Accumulator::ZERO; 2];)+
                    for k_group in 0..k_groups {
                        // SAFETY: K group and channels are among those of the contract.
                        unsafe {
                            let words = words.add(k_group * PAIRS * 4).cast::<[i32; 4]>();
                            let w = w.add(k_group * 64 + channel * 4);
                            let (first, second) = (weights(w), weights(w.add(4)));
                            $(
                                let word = words.add($index).read();
                                $pair[0].accumulate(word, first);
                                $pair[1].accumulate(word, second);
                            )+
                        }
                    }
                    // SAFETY: `rows` rows of 16 sums are at `sums`.
                    unsafe {
                        $(
                            $pair[0].store(k_groups, $index, rows, sums.add(channel), row_sums);
                            $pair[1].store(k_groups, $index, rows, sums.add(channel + 1), row_sums);
                        )+
                    }
                }
            }
        };
    }

    tile!(pair: a 0);
    tile!(two_pairs: a 0, b 1);
    tile!(three_pairs: a 0, b 1, c 2);
}
#[cfg(all(target_arch = "riscv32", target_feature = "m"))]
use super::riscv32 as tile;
#[cfg(arm_thumb2)]
use super::thumb2 as tile;
