//! Products with codebook panels, two at a time. The first rows are multiplied by weights that come straight from the expansion, so that
//! one hides what the other waits for; for the others the expansion leaves its weights in the first-level cache.

use super::super::codebook::{AHEAD, Expansion512, looked_up, part_units, store_unit};
use super::super::prefetch;
use super::panel_tile::{Place, TILE_ROWS, Tile};
use crate::kernels::{CodebookPanel, Product};
use core::arch::x86_64::*;

/// Calls a tile with the constant that equals `$rows`.
macro_rules! tile_of {
    (expanding, $rows:ident in [$($r:literal)*], $arguments:tt) => {
        match $rows {
            $($r => expanding_tile::<$r, HIGH_BITS, GFNI> $arguments,)*
            _ => {}
        }
    };
    (expanded, $rows:ident in [$($r:literal)*], $arguments:tt) => {
        match $rows {
            $($r => expanded_tile::<$r> $arguments,)*
            _ => {}
        }
    };
}

/// See [`Kernels::multiply_panels`](crate::kernels::Kernels::multiply_panels).
///
/// # Safety
/// The sizes fit the slices. With `GFNI` the CPU has it.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(crate) unsafe fn multiply_panels<const GFNI: bool>(
    size: &Product,
    a: &[u8],
    panels: &[CodebookPanel<'_>],
    room: &mut [i8],
    sums: &mut [i32],
) -> bool {
    let Some(first) = panels.first() else { return false };
    let Some(division) = Division::new(size.rows, first.codes.len(), room.len()) else { return false };
    let expansion = Expansion512::new(first);
    for (pair, panels) in panels.chunks(2).enumerate() {
        // The last one of an odd number stands twice.
        let panels = [panels[0], panels[panels.len() - 1]];
        // SAFETY: the caller's promise.
        unsafe {
            let sums = sums.as_mut_ptr().add(pair * 32);
            if first.high_bits.is_empty() {
                all_rows::<false, GFNI>(size, a, &panels, &expansion, &division, room, sums);
            } else {
                all_rows::<true, GFNI>(size, a, &panels, &expansion, &division, room, sums);
            }
        }
    }
    true
}

/// How rows and units are divided.
struct Division {
    passes: usize,
    /// Rows of a pass, and how many passes take one more: split evenly, so that no tile is much smaller than the others.
    rows: usize,
    larger: usize,
    /// Units at a time.
    part: usize,
}

impl Division {
    /// `None` when there is no room for what more than one pass needs.
    fn new(rows: usize, units: usize, room: usize) -> Option<Self> {
        let passes = rows.div_ceil(TILE_ROWS).max(1);
        let part = if passes == 1 { units } else { part_units(units, room)? };
        Some(Self { passes, rows: rows / passes, larger: rows % passes, part })
    }
}

/// All rows by two panels.
///
/// # Safety
/// The sizes fit the slices, and the room is for a unit of both panels when there are more rows than those of a tile. With `GFNI` the
/// CPU has it.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn all_rows<const HIGH_BITS: bool, const GFNI: bool>(
    size: &Product,
    a: &[u8],
    panels: &[CodebookPanel<'_>; 2],
    expansion: &Expansion512,
    division: &Division,
    room: &mut [i8],
    sums: *mut i32,
) {
    let units = panels[0].codes.len();
    let &Division { passes, part, .. } = division;
    let room = if passes > 1 { room.as_mut_ptr().cast() } else { core::ptr::null_mut() };
    for start in (0..units).step_by(part) {
        let end = units.min(start + part);
        let parts = panels.map(|panel| panel.part(start..end));
        let mut row = 0;
        for pass in 0..passes {
            let rows = division.rows + usize::from(pass < division.larger);
            // The first of the later passes fetches the codes that come next: they leave memory idle.
            let next =
                parts.map(|part| part.codes.as_ptr().wrapping_byte_add(if pass == 1 { part.prefetch } else { 0 }));
            // SAFETY: rows and units are among those of the product, and so many units fit the room.
            unsafe {
                let place = Place {
                    a: a.as_ptr().add(row * size.row_bytes + start * 8),
                    row_bytes: size.row_bytes,
                    sums: sums.add(row * size.row_sums),
                    row_sums: size.row_sums,
                    adds: start > 0,
                };
                if pass == 0 {
                    tile_of!(expanding, rows in [1 2 3 4 5 6 7 8], (place, &parts, end - start, expansion, room));
                } else {
                    tile_of!(expanded, rows in [1 2 3 4 5 6 7 8], (place, end - start, room, next));
                }
            }
            row += rows;
        }
    }
}

/// `R` rows by `units` units of two panels. The weights are written to the room, 256 bytes a unit, unless that is null.
///
/// # Safety
/// The panels have as many units; the place has `R` rows of 8 bytes a unit and of 32 sums. With `GFNI` the CPU has it.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline(never)]
unsafe fn expanding_tile<const R: usize, const HIGH_BITS: bool, const GFNI: bool>(
    place: Place,
    panels: &[CodebookPanel<'_>; 2],
    units: usize,
    expansion: &Expansion512,
    mut room: *mut [[i8; 128]; 2],
) {
    let expansion = *expansion;
    let [codes0, codes1] = panels.map(|panel| panel.codes.as_ptr());
    let [levels0, levels1] = panels.map(|panel| panel.levels.scaled());
    let [multipliers0, multipliers1] = panels.map(|panel| panel.multipliers.as_ptr());
    let [high_bits0, high_bits1] = panels.map(|panel| if HIGH_BITS { panel.high_bits.as_ptr() } else { &[0; 16] });
    // SAFETY: the caller's promise.
    unsafe {
        let mut tile = Tile::<R>::new(place);
        for unit in 0..units {
            prefetch::<_MM_HINT_T0>(codes0.wrapping_add(unit).cast::<i8>().wrapping_add(AHEAD));
            prefetch::<_MM_HINT_T0>(codes1.wrapping_add(unit).cast::<i8>().wrapping_add(AHEAD));
            let high_bit = if HIGH_BITS { unit } else { 0 };
            let weights = [
                expansion.unit::<HIGH_BITS, GFNI>(
                    &*codes0.add(unit),
                    looked_up::<HIGH_BITS>(levels0, *multipliers0.add(unit)),
                    &*high_bits0.add(high_bit),
                ),
                expansion.unit::<HIGH_BITS, GFNI>(
                    &*codes1.add(unit),
                    looked_up::<HIGH_BITS>(levels1, *multipliers1.add(unit)),
                    &*high_bits1.add(high_bit),
                ),
            ];
            if !room.is_null() {
                let [first, second] = &mut *room;
                store_unit(weights[0], first);
                store_unit(weights[1], second);
                room = room.add(1);
            }
            tile.multiply(weights);
        }
        tile.store(place);
    }
}

/// `R` rows by the weights of two panels that [`expanding_tile`] has written; fetches what is at `next`, 64 bytes a unit.
///
/// # Safety
/// The room has that many units; the place has `R` rows of 8 bytes a unit and of 32 sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline(never)]
unsafe fn expanded_tile<const R: usize>(
    place: Place,
    units: usize,
    room: *const [[i8; 128]; 2],
    [next0, next1]: [*const [u8; 64]; 2],
) {
    // SAFETY: the caller's promise; two K groups of 64 bytes of each panel.
    unsafe {
        let mut tile = Tile::<R>::new(place);
        for unit in 0..units {
            prefetch::<_MM_HINT_T0>(next0.wrapping_add(unit).cast());
            prefetch::<_MM_HINT_T0>(next1.wrapping_add(unit).cast());
            let weights = room.add(unit).cast::<i8>();
            let k_group = |at: usize| _mm512_loadu_si512(weights.add(at).cast());
            tile.multiply([[k_group(0), k_group(64)], [k_group(128), k_group(192)]]);
        }
        tile.store(place);
    }
}
