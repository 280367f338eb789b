//! AVX-512 with VNNI: `vpdpbusd` takes unsigned bytes of activations and signed weights, so bytes are u8 (offset 128).

pub(crate) mod codebook;
pub(crate) mod lanes;
mod panel_tile;

use super::{detect, float};
use crate::kernels::simd16::{activation_kernels, row_kernels};
use crate::kernels::unrolled::unrolled;
use crate::kernels::{KernelSet, Product};
use core::arch::asm;
use core::arch::x86_64::*;
use lanes::Avx512Lanes;

/// The set for x86-64 CPUs from Ice Lake and Zen 4 on: GFNI takes codes apart with one instruction less.
pub(crate) static GFNI_SET: KernelSet = KernelSet {
    name: "avx512gfni",
    available: || detect::features().avx512_vnni && detect::features().gfni,
    expand: super::codebook::expand_avx512::<true>,
    multiply_panels: Some(codebook::multiply_panels::<true>),
    ..SET
};

/// The set for x86-64 servers from Cascade Lake on.
pub(crate) static SET: KernelSet = KernelSet {
    name: "avx512vnni",
    available: || detect::features().avx512_vnni,
    activation_offset: 128,
    matmul_i8,
    linear: None,
    matmul_f32: float::matmul_f32_avx512,
    matmul_f16: float::matmul_f16_avx512,
    expand: super::codebook::expand_avx512::<false>,
    multiply_panels: Some(codebook::multiply_panels::<false>),
    panel_parts: true,
    wide_sums: true,
    dequantize,
    quantize_heads,
    quantize_row,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

row_kernels!(Avx512Lanes, "avx512f,avx512dq,avx512bw,avx512vl");
activation_kernels!(Avx512Lanes, "avx512f,avx512dq,avx512bw,avx512vl");

/// Most rows of a tile of four panels: 24 accumulators, four weights and two broadcasts.
const TILE_ROWS: usize = 6;
/// Most rows of a tile of up to three panels.
const TALL_ROWS: usize = 8;

/// Calls the tile with the constants that equal `$rows`, `$panels` and `$fetch`.
macro_rules! tile_of {
    ($rows:ident, $panels:ident, $fetch:ident in [$(($r:literal, $b:literal))*], $arguments:tt) => {
        match ($rows, $panels, $fetch) {
            $(($r, $b, false) => tile::<$r, $b, false> $arguments,)*
            $(($r, $b, true) => tile::<$r, $b, true> $arguments,)*
            _ => {}
        }
    };
}

#[target_feature(enable = "avx512f,avx512vnni")]
pub(crate) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let panel_bytes = size.k_groups * 64;
    // Few rows wait for weights from far away, less so in one pass or two of taller tiles.
    let tall = size.rows <= 2 * TALL_ROWS && size.rows.div_ceil(TALL_ROWS) < size.rows.div_ceil(TILE_ROWS);
    let passes = size.rows.div_ceil(if tall { TALL_ROWS } else { TILE_ROWS });
    let mut panel = 0;
    while panel < size.panels {
        // The more panels share the broadcasts of the activations the better: 5 is 3 + 2, and 6 is 3 + 3.
        let panels = match size.panels - panel {
            4 if tall => 2,
            5 | 6 => 3,
            left if tall => left.min(3),
            left => left.min(4),
        };
        let mut row = 0;
        for pass in 0..passes {
            // Rows are split evenly, so that no tile is much smaller than the others.
            let rows = (size.rows - row).div_ceil(passes - pass);
            // Each pass fetches one or two of the panels that come next. A lone pass is bound by memory as it is.
            let share = panels.div_ceil(passes).min(2);
            let ahead = [pass * share, (pass + 1) * share - 1].map(|next| {
                if size.prefetch && passes > 1 && next < panels { (panels + next) * panel_bytes } else { 0 }
            });
            let fetch = ahead != [0; 2];
            // SAFETY: the rows and panels of the tile are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(panel * panel_bytes);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16);
                tile_of!(rows, panels, fetch in [
                    (1, 1) (2, 1) (3, 1) (4, 1) (5, 1) (6, 1) (7, 1) (8, 1)
                    (1, 2) (2, 2) (3, 2) (4, 2) (5, 2) (6, 2) (7, 2) (8, 2)
                    (1, 3) (2, 3) (3, 3) (4, 3) (5, 3) (6, 3) (7, 3) (8, 3)
                    (1, 4) (2, 4) (3, 4) (4, 4) (5, 4) (6, 4)
                ], (size, a, w, sums, ahead));
            }
            row += rows;
        }
        panel += panels;
    }
}

/// Four bytes of activations in every lane. Assembly, so that the address is what it says.
macro_rules! broadcast {
    ($instruction:literal, $offset:expr, $($address:expr),*) => {{
        let bytes: __m512i;
        asm!(
            $instruction,
            out(zmm_reg) bytes,
            $(in(reg) $address,)*
            offset = const $offset,
            options(pure, readonly, nostack, preserves_flags)
        );
        bytes
    }};
}

/// What a tile reads, moving on as it multiplies.
#[derive(Clone, Copy)]
struct Operands {
    a: *const u8,
    /// 1, 3, 5 and 7 times the bytes of a row: with them an address names any row, and constants name K groups.
    ///
    /// Intel's cores lose products to scalar additions on the same ports, and the compiler would spend one on each row.
    strides: [usize; 4],
    w: *const i8,
    panel_bytes: usize,
    /// Distances from the weights to what is fetched into the second-level cache.
    ahead: [usize; 2],
}

/// Adds the products of the `$at`th K group from the operands of `R` rows and `B` panels to a tile, and fetches what lies ahead of it.
macro_rules! multiply {
    ($operands:ident, $tile:ident, $at:literal) => {{
        let Operands { a, strides: [s1, s3, s5, s7], w, panel_bytes, ahead } = $operands;
        let mut weights = [_mm512_setzero_si512(); B];
        unrolled!(b in [0 1 2 3], B => {
            weights[b] = _mm512_loadu_si512(w.add(b * panel_bytes + $at * 64).cast());
        });
        if FETCH {
            unrolled!(next in [0 1], 2 => {
                asm!(
                    "prefetcht1 [{} + {} + {offset}]",
                    in(reg) w,
                    in(reg) ahead[next],
                    offset = const $at * 64,
                    options(nostack, preserves_flags, readonly)
                );
            });
        }
        unrolled!(r in [0 1 2 3 4 5 6 7], R => {
            let bytes = match r {
                0 => broadcast!("vpbroadcastd {}, [{} + {offset}]", $at * 4, a),
                1 => broadcast!("vpbroadcastd {}, [{} + {} + {offset}]", $at * 4, a, s1),
                2 => broadcast!("vpbroadcastd {}, [{} + 2*{} + {offset}]", $at * 4, a, s1),
                3 => broadcast!("vpbroadcastd {}, [{} + {} + {offset}]", $at * 4, a, s3),
                4 => broadcast!("vpbroadcastd {}, [{} + 4*{} + {offset}]", $at * 4, a, s1),
                5 => broadcast!("vpbroadcastd {}, [{} + {} + {offset}]", $at * 4, a, s5),
                6 => broadcast!("vpbroadcastd {}, [{} + 2*{} + {offset}]", $at * 4, a, s3),
                _ => broadcast!("vpbroadcastd {}, [{} + {} + {offset}]", $at * 4, a, s7),
            };
            unrolled!(b in [0 1 2 3], B => { $tile[r][b] = _mm512_dpbusd_epi32($tile[r][b], bytes, weights[b]) });
        });
    }};
}

/// Goes on by some K groups.
macro_rules! advance {
    ($operands:ident, $k_groups:literal) => {
        $operands.w = $operands.w.wrapping_add($k_groups * 64);
        $operands.a = $operands.a.wrapping_add($k_groups * 4);
    };
}

/// `R` rows by `B` panels; fetches the bytes that lie `ahead` of the weights into the second-level cache, or nothing.
///
/// # Safety
/// `a` has `R` rows, `w` has `B` panels and `sums` has `R` rows of `B * 16`, with the strides of `size`.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn tile<const R: usize, const B: usize, const FETCH: bool>(
    size: &Product,
    a: *const u8,
    w: *const i8,
    sums: *mut i32,
    ahead: [usize; 2],
) {
    let panel_bytes = size.k_groups * 64;
    let strides = [1, 3, 5, 7].map(|rows| rows * size.row_bytes);
    let mut operands = Operands { a, strides, w, panel_bytes, ahead };
    let mut tile = [[_mm512_setzero_si512(); B]; R];
    // SAFETY: the K groups are among `size.k_groups`.
    unsafe {
        // Four at a time share the additions of `advance`.
        for _ in 0..size.k_groups / 4 {
            multiply!(operands, tile, 0);
            multiply!(operands, tile, 1);
            multiply!(operands, tile, 2);
            multiply!(operands, tile, 3);
            advance!(operands, 4);
        }
        for _ in 0..size.k_groups % 4 {
            multiply!(operands, tile, 0);
            advance!(operands, 1);
        }
    }
    unrolled!(r in [0 1 2 3 4 5 6 7], R => {
        unrolled!(b in [0 1 2 3], B => {
            // SAFETY: row r of the sums has B * 16 elements.
            unsafe { _mm512_storeu_si512(sums.add(r * size.row_sums + b * 16).cast(), tile[r][b]) };
        });
    });
}
