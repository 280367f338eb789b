//! Integer products.

use crate::support::{Bytes, GUARD, Random, Weights, sets};
use albert_core::kernels::Kernels;
use albert_core::kernels::internals::Product;
use std::iter::repeat;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Checks products of up to `rows` x `panels` of one depth against sums computed once.
fn check_matmul_i8(sets: &[Kernels], k_groups: usize, sizes: &[(usize, usize)], a: Bytes, w: Bytes) {
    let mut random = Random(k_groups as u64);
    let rows = sizes.iter().map(|size| size.0).max().unwrap();
    let panels = sizes.iter().map(|size| size.1).max().unwrap();
    let row_bytes = (k_groups * 4).next_multiple_of(64);
    // Bytes after the places are not zero here: no set may count them.
    let bytes = a.fill(rows * row_bytes, &mut random);
    let weights = Weights { k_groups, values: w.fill(panels * k_groups * 64, &mut random) };
    let channel_sums: Vec<i32> = (0..panels * 16).map(|channel| weights.sum(channel)).collect();
    let exact = |row: usize, channel: usize| -> i32 {
        let row = &bytes[row * row_bytes..][..k_groups * 4];
        row.iter().enumerate().map(|(place, &a)| i32::from(a) * weights.at(channel, place)).sum()
    };
    let mut want = vec![0; rows * panels * 16];
    let all = Product { rows, row_bytes, k_groups, panels, row_sums: panels * 16, prefetch: false };
    let scalar_bytes: Vec<u8> = bytes.iter().map(|&a| a as u8).collect();
    Kernels::SCALAR.matmul_i8(&all, &scalar_bytes, &weights.values, &mut want);
    for (row, channel) in [(0, 0), (rows - 1, panels * 16 - 1), (rows / 2, 7), (0, panels * 16 - 8)] {
        assert_eq!(want[row * panels * 16 + channel], exact(row, channel), "scalar, {all:?}, {a:?} x {w:?}");
    }

    for &set in sets {
        let offset = set.activation_offset();
        let stored: Vec<u8> = bytes.iter().map(|&a| (i32::from(a) + offset) as u8).collect();
        for &(rows, panels) in sizes {
            let row_sums = panels * 16 + rows % 3 * 5;
            // The slices end where the product does, or where its last row does: reading on would be out of bounds.
            let a_len = (rows - 1) * row_bytes + if rows % 2 == 0 { row_bytes } else { k_groups * 4 };
            let sums_len = (rows - 1) * row_sums + panels * 16;
            // Half of the time there is room behind the sums, which may be anything afterwards.
            let room = if panels % 2 == 0 { rows * row_sums - sums_len + 512 } else { 0 };
            let mut sums = vec![GUARD as i32; sums_len + room + 32];
            let size = Product { rows, row_bytes, k_groups, panels, row_sums, prefetch: true };
            let out = &mut sums[16..16 + sums_len + room];
            set.matmul_i8(&size, &stored[..a_len], &weights.values[..panels * k_groups * 64], out);
            for (i, &sum) in sums.iter().enumerate() {
                if (16 + rows * row_sums..16 + sums_len + room).contains(&i) {
                    continue;
                }
                let place = i.checked_sub(16).filter(|i| *i < sums_len && i % row_sums < panels * 16);
                let expected = place.map_or(GUARD as i32, |i| {
                    let (row, channel) = (i / row_sums, i % row_sums);
                    want[row * all.row_sums + channel] + offset * channel_sums[channel]
                });
                assert_eq!(
                    sum,
                    expected,
                    "{set:?}, {size:?}, {a:?} x {w:?}, element {} of the output",
                    i as isize - 16
                );
            }
        }
    }
}

#[test]
fn integer_products_of_short_rows() {
    let sets = sets();
    let sizes: Vec<_> = (1..=18).flat_map(|rows| (1..=4).map(move |panels| (rows, panels))).collect();
    for k_groups in 1..=40 {
        check_matmul_i8(&sets, k_groups, &sizes, Bytes::Random, Bytes::Random);
    }
}

#[test]
fn integer_products_of_real_sizes() {
    let sets = sets();
    let sizes: Vec<_> = (1..=37).flat_map(|rows| (1..=7).map(move |panels| (rows, panels))).collect();
    for places in [128, 256, 312, 768, 784, 3072] {
        check_matmul_i8(&sets, places / 4, &sizes, Bytes::Random, Bytes::Random);
    }
}

#[test]
fn integer_products_of_extremes() {
    let sets = sets();
    let sizes = [(1, 1), (2, 7), (3, 4), (16, 4), (33, 6)];
    for (a, w) in Bytes::ALL.iter().flat_map(|&a| Bytes::ALL.map(|w| (a, w))) {
        for places in [312, 3072] {
            check_matmul_i8(&sets, places / 4, &sizes, a, w);
        }
    }
}

#[test]
fn products_of_many_rows_and_channels() {
    let sets = sets();
    check_matmul_i8(&sets, 768 / 4, &[(128, 48), (65, 13), (48, 12), (64, 4), (100, 9)], Bytes::Random, Bytes::Random);
}

/// Calls with sizes that do not fit leave the output alone, and debug builds panic; so do calls that have nothing to do, which never
/// panic. Where a panic ends the process it cannot be caught.
#[cfg_attr(panic = "abort", ignore = "panics abort here")]
#[test]
fn sizes_that_do_not_fit_do_nothing() {
    let good = Product { rows: 3, row_bytes: 64, k_groups: 16, panels: 2, row_sums: 32, prefetch: false };
    let bad = [
        Product { rows: 4, ..good },
        Product { row_bytes: 65, ..good },
        Product { row_bytes: 60, ..good },
        Product { k_groups: 17, ..good },
        Product { panels: 3, ..good },
        Product { row_sums: 31, ..good },
        Product { row_sums: 33, ..good },
        Product { rows: usize::MAX, ..good },
        Product { k_groups: usize::MAX / 2, ..good },
        Product { panels: usize::MAX / 8, ..good },
    ];
    let empty = [Product { rows: 0, ..good }, Product { k_groups: 0, ..good }, Product { panels: 0, ..good }];
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        let (a, w) = (vec![1; 192], vec![1; 2 * 16 * 64]);
        let mut sums = vec![7; 96];
        for (size, panics) in bad.iter().zip(repeat(cfg!(debug_assertions))).chain(empty.iter().zip(repeat(false))) {
            let outcome = catch_unwind(AssertUnwindSafe(|| set.matmul_i8(size, &a, &w, &mut sums)));
            assert_eq!(outcome.is_err(), panics, "{set:?} {size:?}");
            assert!(sums.iter().all(|&sum| sum == 7), "{set:?} {size:?}");
        }
        set.matmul_i8(&good, &a, &w, &mut sums);
        assert!(sums.iter().all(|&sum| sum == 64), "{set:?}");
    }
}
