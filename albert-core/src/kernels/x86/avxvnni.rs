//! AVX-VNNI: `vpdpbusd` on 256 bits, for CPUs without AVX-512. Bytes are u8 (offset 128); the rest is that of AVX2.

use super::{avx2, detect, prefetch};
use crate::kernels::unrolled::unrolled;
use crate::kernels::{KernelSet, Product};
use core::arch::x86_64::*;

/// The set for x86-64 CPUs from Alder Lake on.
pub(crate) static SET: KernelSet = KernelSet {
    name: "avxvnni",
    available: || detect::features().avx_vnni,
    activation_offset: 128,
    matmul_i8,
    multiply_panels: None,
    ..avx2::SET
};

#[target_feature(enable = "avx2,avxvnni")]
fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let mut panel = 0;
    while panel < size.panels {
        // 2 rows by 3 panels, or 3 by 2: twelve accumulators. Four panels are 2 + 2, not 3 + 1.
        let panels = match size.panels - panel {
            4 => 2,
            left => left.min(3),
        };
        let tile_rows = if panels == 3 { 2 } else { 3 };
        for (pass, row) in (0..size.rows).step_by(tile_rows).enumerate() {
            let rows = tile_rows.min(size.rows - row);
            // Each pass fetches one of the panels that come next. A lone pass is bound by memory as it is.
            let fetches = size.prefetch && size.rows > tile_rows && pass < panels;
            let ahead = if fetches { (panels + pass) * size.k_groups * 64 } else { 0 };
            // SAFETY: the rows and panels of the tile are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(panel * size.k_groups * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16);
                match (rows, panels) {
                    (2, 3) => tile::<2, 3>(size, a, w, sums, ahead),
                    (_, 3) => tile::<1, 3>(size, a, w, sums, ahead),
                    (3, 2) => tile::<3, 2>(size, a, w, sums, ahead),
                    (2, 2) => tile::<2, 2>(size, a, w, sums, ahead),
                    (_, 2) => tile::<1, 2>(size, a, w, sums, ahead),
                    (3, _) => tile::<3, 1>(size, a, w, sums, ahead),
                    (2, _) => tile::<2, 1>(size, a, w, sums, ahead),
                    _ => tile::<1, 1>(size, a, w, sums, ahead),
                }
            }
        }
        panel += panels;
    }
}

/// `R` rows by `B` panels; fetches the bytes that lie `ahead` of the weights into the second-level cache.
///
/// The broadcasts of the activations are held and the weights pass through one register: 12 accumulators, 3 broadcasts
/// and 1 are the 16 registers. The other order needs 17, and its spills halve the speed.
///
/// # Safety
/// `a` has `R` rows, `w` has `B` panels and `sums` has `R` rows of `B * 16`, with the strides of `size`.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tile<const R: usize, const B: usize>(
    size: &Product,
    a: *const u8,
    w: *const i8,
    sums: *mut i32,
    ahead: usize,
) {
    let zero = _mm256_setzero_si256();
    let mut tile = [[[zero; R]; 2]; B];
    macro_rules! multiply {
        ($k_group:expr) => {{
            let k_group = $k_group;
            // One line of 64 bytes a K group.
            prefetch::<_MM_HINT_T1>(w.wrapping_add(ahead + k_group * 64));
            let mut bytes = [zero; R];
            unrolled!(r in [0 1 2], R => {
                // SAFETY: k_group < size.k_groups, so four bytes of the row follow.
                let four = unsafe { a.add(r * size.row_bytes + k_group * 4).cast::<i32>().read_unaligned() };
                bytes[r] = _mm256_set1_epi32(four);
            });
            unrolled!(b in [0 1 2], B => {
                unrolled!(half in [0 1], 2 => {
                    // SAFETY: k_group < size.k_groups, so 64 bytes of the panel follow.
                    let weights = unsafe {
                        _mm256_loadu_si256(w.add((b * size.k_groups + k_group) * 64 + half * 32).cast::<__m256i>())
                    };
                    unrolled!(r in [0 1 2], R => {
                        tile[b][half][r] = _mm256_dpbusd_avx_epi32(tile[b][half][r], bytes[r], weights);
                    });
                });
            });
        }};
    }
    // Four K groups share the additions to the addresses.
    let fours = size.k_groups / 4;
    for four in 0..fours {
        unrolled!(k_group in [0 1 2 3], 4 => { multiply!(4 * four + k_group) });
    }
    for k_group in 4 * fours..size.k_groups {
        multiply!(k_group);
    }
    unrolled!(b in [0 1 2], B => {
        unrolled!(half in [0 1], 2 => {
            unrolled!(r in [0 1 2], R => {
                // SAFETY: row r of the sums has B * 16 elements.
                unsafe { _mm256_storeu_si256(sums.add(r * size.row_sums + b * 16 + half * 8).cast(), tile[b][half][r]) };
            });
        });
    });
}
