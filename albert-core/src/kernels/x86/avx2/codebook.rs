//! Products with codebook panels by AVX2: two panels at a time, which make a tile, a piece of them after the other, so that what is
//! expanded stays in the first-level cache.

use super::super::codebook::{expand_avx2, part_units};
use super::product::{BLOCK_ROWS, GROUP_BYTES, Panels, Piece, most_groups};
use crate::kernels::{CodebookPanel, Product};
use core::arch::x86_64::_MM_HINT_T0;
use core::mem::MaybeUninit;

/// See [`Kernels::multiply_panels`](crate::kernels::Kernels::multiply_panels).
#[target_feature(enable = "avx2")]
pub(crate) fn multiply_panels(
    size: &Product,
    a: &[u8],
    panels: &[CodebookPanel<'_>],
    room: &mut [i8],
    sums: &mut [i32],
) -> bool {
    let &Product { k_groups, row_bytes, row_sums, .. } = size;
    let units = k_groups / 2;
    let mut operands = MaybeUninit::uninit();
    for first in (0..size.rows).step_by(BLOCK_ROWS) {
        let rows = BLOCK_ROWS.min(size.rows - first);
        let room_of_piece = room.len().min(2 * GROUP_BYTES * most_groups(rows));
        let Some(part) = part_units(units, room_of_piece) else { return false };
        for start in (0..units).step_by(part) {
            let end = units.min(start + part);
            let groups = 2 * (end - start);
            // SAFETY: rows and units are among those of the product, whose sizes fit the slices, and fit the operands.
            let piece = unsafe {
                Piece::new(&mut operands, a.as_ptr().add(first * row_bytes + start * 8), row_bytes, rows, groups)
            };
            for (pair, two) in panels.chunks(2).enumerate() {
                let mut next = [core::ptr::null(); 2];
                let places = room.chunks_exact_mut(groups * GROUP_BYTES);
                for (((panel, first), place), next) in two.iter().zip(panels).zip(places).zip(&mut next) {
                    expand_avx2(&panel.part(start..end), place);
                    // The first tiles fetch the codes that come next: of the same units of other panels, or of the next units.
                    let last = (pair + 1) * 2 >= panels.len();
                    let (codes, ahead) = match end < units {
                        true if last => (first.codes, 64 * end),
                        false if last => (panel.codes, panel.prefetch),
                        _ => (panel.codes, 64 * start + panel.prefetch),
                    };
                    *next = codes.as_ptr().cast::<i8>().wrapping_add(ahead);
                }
                let weights = Panels { w: room.as_ptr(), count: two.len(), bytes: groups * GROUP_BYTES, next };
                // SAFETY: the panels have been expanded, and sizes fit the slices.
                unsafe {
                    let sums = sums.as_mut_ptr().add(first * row_sums + pair * 32);
                    piece.multiply::<_MM_HINT_T0>(&weights, sums, row_sums, start > 0);
                }
            }
        }
    }
    true
}
