//! Two rows in a word of 32 bits: 16 bits and the rest.
//!
//! Two places in K are added before the fields are taken apart: 2 x 127 x 128 is less than 2^15, so that with 2^15 added the low
//! field neither borrows nor carries, and an arithmetic shift gives the high row exactly. The low row is what the total of all
//! words has besides.

use super::{Packing, add, multiply_row, weights};

/// Rows 0 and 1, and 2 and 3, of a tile.
pub(super) struct Pairs;

/// Accumulators of a pair of rows and a channel.
#[derive(Clone, Copy)]
struct Accumulator {
    high: i32,
    total: i32,
}

/// Makes the low field positive.
const BIAS: i32 = 1 << 15;

impl Accumulator {
    const ZERO: Self = Self { high: 0, total: 0 };

    /// One K group: four places.
    #[inline(always)]
    fn accumulate(&mut self, [a, b, c, d]: [i32; 4], [p, q, r, s]: [i32; 4]) {
        let first = a.wrapping_mul(p).wrapping_add(b.wrapping_mul(q).wrapping_add(BIAS));
        let second = c.wrapping_mul(r).wrapping_add(d.wrapping_mul(s).wrapping_add(BIAS));
        self.high = self.high.wrapping_add(first >> 16).wrapping_add(second >> 16);
        self.total = self.total.wrapping_add(first).wrapping_add(second);
    }

    /// Adds the sums of the low row and, when there is one, of the high row.
    ///
    /// # Safety
    /// The sums at these addresses can be written.
    #[inline(always)]
    unsafe fn store(self, k_groups: usize, low: *mut i32, high: Option<*mut i32>) {
        let biases = (2 * BIAS).wrapping_mul(k_groups as i32);
        // SAFETY: the caller's.
        unsafe {
            add(low, self.total.wrapping_sub(self.high << 16).wrapping_sub(biases));
            if let Some(high) = high {
                add(high, self.high);
            }
        }
    }
}

impl Packing for Pairs {
    type Word = i32;
    const ROWS: usize = 4;
    const K_GROUPS: usize = 16;
    const K_GROUP_WORDS: usize = 8;

    unsafe fn multiply(w: *const i8, words: *const i32, rows: usize, k_groups: usize, sums: *mut i32, row_sums: usize) {
        // SAFETY: the caller's contract, for as many rows as there are.
        unsafe {
            match rows {
                1 => multiply_row(w, words, k_groups, sums),
                2 => multiply_pair(w, words, k_groups, sums, row_sums),
                _ => multiply_pairs(w, words, rows, k_groups, sums, row_sums),
            }
        }
    }

    unsafe fn pack(a: *const u8, row_bytes: usize, rows: usize, k_groups: usize, words: *mut i32) {
        let pairs = rows.div_ceil(2);
        for pair in 0..pairs {
            for k_group in 0..k_groups {
                // SAFETY: rows and K groups are among those of the contract; 4 words for each pair of a K group.
                unsafe {
                    let low = a.add(2 * pair * row_bytes + k_group * 4).cast();
                    let words = words.add((k_group * pairs + pair) * 4);
                    words.cast::<[i32; 4]>().write(weights(low));
                    if 2 * pair + 1 < rows {
                        let [a, b, c, d] = weights(low.add(row_bytes));
                        let [p, q, r, s] = words.cast::<[i32; 4]>().read();
                        words.cast::<[i32; 4]>().write([p + (a << 16), q + (b << 16), r + (c << 16), s + (d << 16)]);
                    }
                }
            }
        }
    }
}

/// Three or four rows by 16 channels, two channels at a time.
///
/// # Safety
/// As [`Packing::multiply`].
unsafe fn multiply_pairs(
    w: *const i8,
    words: *const i32,
    rows: usize,
    k_groups: usize,
    sums: *mut i32,
    row_sums: usize,
) {
    for channel in (0..16).step_by(2) {
        let [mut a, mut b, mut c, mut d] = [Accumulator::ZERO; 4];
        for k_group in 0..k_groups {
            // SAFETY: K group and channels are among those of the contract.
            unsafe {
                let words = words.add(k_group * 8).cast::<[i32; 4]>();
                let w = w.add(k_group * 64 + channel * 4);
                let (first, second) = (weights(w), weights(w.add(4)));
                let pair = words.read();
                a.accumulate(pair, first);
                b.accumulate(pair, second);
                let pair = words.add(1).read();
                c.accumulate(pair, first);
                d.accumulate(pair, second);
            }
        }
        // SAFETY: there are so many rows of 16 sums.
        unsafe {
            let row = |row: usize| sums.add(row * row_sums + channel);
            let last = (rows == 4).then(|| row(3));
            a.store(k_groups, row(0), Some(row(1)));
            b.store(k_groups, row(0).add(1), Some(row(1).add(1)));
            c.store(k_groups, row(2), last);
            d.store(k_groups, row(2).add(1), last.map(|sums| sums.add(1)));
        }
    }
}

/// Two rows by 16 channels, four channels at a time.
///
/// # Safety
/// As [`Packing::multiply`] with two rows.
unsafe fn multiply_pair(w: *const i8, words: *const i32, k_groups: usize, sums: *mut i32, row_sums: usize) {
    for channel in (0..16).step_by(4) {
        let [mut a, mut b, mut c, mut d] = [Accumulator::ZERO; 4];
        for k_group in 0..k_groups {
            // SAFETY: K group and channels are among those of the contract.
            unsafe {
                let pair = words.add(k_group * 4).cast::<[i32; 4]>().read();
                let w = w.add(k_group * 64 + channel * 4);
                a.accumulate(pair, weights(w));
                b.accumulate(pair, weights(w.add(4)));
                c.accumulate(pair, weights(w.add(8)));
                d.accumulate(pair, weights(w.add(12)));
            }
        }
        // SAFETY: there are two rows of 16 sums.
        unsafe {
            let (low, high) = (sums.add(channel), sums.add(row_sums + channel));
            a.store(k_groups, low, Some(high));
            b.store(k_groups, low.add(1), Some(high.add(1)));
            c.store(k_groups, low.add(2), Some(high.add(2)));
            d.store(k_groups, low.add(3), Some(high.add(3)));
        }
    }
}
