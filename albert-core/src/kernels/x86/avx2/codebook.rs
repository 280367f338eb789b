//! Products with codebook panels by AVX2: two panels at a time, which make a tile, a part of them after the other, so that what is
//! expanded stays in the first-level cache.

use super::super::codebook::{expand_avx2, part_units};
use super::{multiply_stored, sum_of_negative};
use crate::kernels::{CodebookPanel, Product};
use core::arch::x86_64::_MM_HINT_T0;

/// See [`Kernels::multiply_panels`](crate::kernels::Kernels::multiply_panels).
#[target_feature(enable = "avx2")]
pub(crate) fn multiply_panels(
    size: &Product,
    a: &[u8],
    panels: &[CodebookPanel<'_>],
    room: &mut [i8],
    sums: &mut [i32],
) -> bool {
    let units = size.k_groups / 2;
    let Some(part) = part_units(units, room.len()) else { return false };
    let rows = a.chunks(size.row_bytes).zip(sums.chunks_mut(size.row_sums)).take(size.rows);
    for (row, sums) in rows {
        // SAFETY: the row has four bytes a K group.
        let lacking = unsafe { sum_of_negative(row.as_ptr(), size.k_groups) };
        sums.iter_mut().take(panels.len() * 16).for_each(|sum| *sum = lacking);
    }
    for (pair, panels) in panels.chunks(2).enumerate() {
        for start in (0..units).step_by(part) {
            let end = units.min(start + part);
            let size = Product { k_groups: 2 * (end - start), panels: panels.len(), ..*size };
            let mut next = [core::ptr::null(); 2];
            let places = room.chunks_exact_mut((end - start) * 128);
            for ((panel, place), next) in panels.iter().zip(places).zip(&mut next) {
                let some = panel.part(start..end);
                expand_avx2(&some, place);
                // The first rows fetch the codes that come next.
                let ahead = if end < units { 64 * (end - start) } else { panel.prefetch };
                *next = some.codes.as_ptr().cast::<i8>().wrapping_add(ahead);
            }
            // SAFETY: the units are among those of the product, whose sizes fit the slices.
            unsafe {
                let (a, sums) = (a.as_ptr().add(start * 8), sums.as_mut_ptr().add(pair * 32));
                multiply_stored::<true, _MM_HINT_T0>(&size, a, room.as_ptr(), sums, next);
            }
        }
    }
    true
}
