//! Three rows in a word of 64 bits, in fields of 21 bits and the rest.
//!
//! 64 products of 127 x 128 are less than 2^20 in magnitude, so that the fields are taken apart after 64 places in K.

use super::{Packing, add, multiply_row, weights};

/// Rows 0 to 2 of a tile.
pub(super) struct Triples;

/// Bits of the fields of rows 0 and 1.
const FIELD: u32 = 21;

/// One K group: four places.
#[inline(always)]
fn dot([a, b, c, d]: [i64; 4], [p, q, r, s]: [i32; 4]) -> i64 {
    let (p, q, r, s) = (i64::from(p), i64::from(q), i64::from(r), i64::from(s));
    let first = a.wrapping_mul(p).wrapping_add(b.wrapping_mul(q));
    first.wrapping_add(c.wrapping_mul(r)).wrapping_add(d.wrapping_mul(s))
}

/// Adds the fields of a total to the sums of `rows` rows.
///
/// # Safety
/// So many sums, `row_sums` apart, can be written.
#[inline(always)]
unsafe fn store(total: i64, rows: usize, sums: *mut i32, row_sums: usize) {
    let low = total << (64 - FIELD) >> (64 - FIELD);
    let rest = (total - low) >> FIELD;
    let middle = rest << (64 - FIELD) >> (64 - FIELD);
    // SAFETY: the caller's.
    unsafe {
        add(sums, low as i32);
        add(sums.add(row_sums), middle as i32);
        if rows == 3 {
            add(sums.add(2 * row_sums), ((rest - middle) >> FIELD) as i32);
        }
    }
}

impl Packing for Triples {
    type Word = i64;
    const ROWS: usize = 3;
    const TILES: usize = 4;
    const K_GROUPS: usize = 16;

    fn words(rows: usize) -> usize {
        4 * rows.div_ceil(3)
    }

    unsafe fn multiply(w: *const i8, words: *const i64, rows: usize, k_groups: usize, sums: *mut i32, row_sums: usize) {
        if rows == 1 {
            // SAFETY: one row, whose words are places, packed below.
            return unsafe { multiply_row(w, words.cast(), k_groups, sums) };
        }
        for channel in (0..16).step_by(4) {
            let [mut p, mut q, mut r, mut s] = [0i64; 4];
            for k_group in 0..k_groups {
                // SAFETY: K group and channels are among those of the contract.
                unsafe {
                    let a = words.add(k_group * 4).cast::<[i64; 4]>().read();
                    let w = w.add(k_group * 64 + channel * 4);
                    p = p.wrapping_add(dot(a, weights(w)));
                    q = q.wrapping_add(dot(a, weights(w.add(4))));
                    r = r.wrapping_add(dot(a, weights(w.add(8))));
                    s = s.wrapping_add(dot(a, weights(w.add(12))));
                }
            }
            // SAFETY: there are two rows of 16 sums or three.
            unsafe {
                let sums = sums.add(channel);
                store(p, rows, sums, row_sums);
                store(q, rows, sums.add(1), row_sums);
                store(r, rows, sums.add(2), row_sums);
                store(s, rows, sums.add(3), row_sums);
            }
        }
    }

    unsafe fn pack(a: *const u8, row_bytes: usize, rows: usize, k_groups: usize, words: *mut i64) {
        for k_group in 0..k_groups {
            // SAFETY: rows and K groups are among those of the contract; 4 words for each K group.
            unsafe {
                let row = |row: usize| weights(a.add(row * row_bytes + k_group * 4).cast());
                if rows == 1 {
                    words.cast::<[i32; 4]>().add(k_group).write(row(0));
                    continue;
                }
                let [a, b, c, d] = if rows == 3 { row(2) } else { [0; 4] };
                let [e, f, g, h] = row(1);
                let [i, j, k, l] = row(0);
                let word = |high: i32, middle: i32, low: i32| {
                    (i64::from(high) << (2 * FIELD)) + (i64::from(middle) << FIELD) + i64::from(low)
                };
                words.cast::<[i64; 4]>().add(k_group).write([
                    word(a, e, i),
                    word(b, f, j),
                    word(c, g, k),
                    word(d, h, l),
                ]);
            }
        }
    }
}
