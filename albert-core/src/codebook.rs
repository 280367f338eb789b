//! Where the parts of a codebook panel lie in the file (`docs/format.md`).

use crate::format::layout::{CodebookLayout, K_UNIT, LEVELS_4, LEVELS_5, dtype};
use crate::kernels::{CodebookPanel, Levels};
use crate::panels::Stored;
use crate::slices::{OrEmpty, part};
use core::ops::Range;

/// The levels of the 4-bit format, twice, so that both formats have 32.
static FOUR_BITS: Levels = Levels::new({
    let mut levels = [0; 32];
    let mut index = 0;
    while index < 32 {
        levels[index] = LEVELS_4[index % 16];
        index += 1;
    }
    levels
});

/// The levels of the 5-bit format.
static FIVE_BITS: Levels = Levels::new(LEVELS_5);

/// The panels of a matrix.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a> {
    pub(crate) dtype: u8,
    pub(crate) panels: Stored<'a>,
    /// Places in K, not rounded up to units.
    pub(crate) places: usize,
}

impl<'a> Panels<'a> {
    /// Some places, in whole units, of one panel. What is wanted next are as many places of it, or after the last
    /// ones the panel that lies `next` panels behind.
    pub(crate) fn part(&self, panel: usize, places: Range<usize>, next: usize) -> CodebookPanel<'a> {
        let has_high_bits = self.dtype == dtype::C5;
        let layout = CodebookLayout::new(self.dtype, self.places);
        let units = places.start / K_UNIT..places.end.div_ceil(K_UNIT);
        let bytes = self.panels.of(panel..panel + 1, layout.bytes);
        let of_units = |start: usize, size: usize| part(bytes, start + size * units.start..start + size * units.end);
        let multipliers: &[i8] = bytemuck::must_cast_slice(of_units(layout.multipliers, 4));
        CodebookPanel {
            levels: self.levels(),
            codes: of_units(0, 64).as_chunks().0,
            high_bits: of_units(layout.high_bits, if has_high_bits { 16 } else { 0 }).as_chunks().0,
            multipliers: multipliers.as_chunks().0,
            prefetch: if units.end < layout.units { 64 * units.len() } else { next * layout.bytes - 64 * units.start },
        }
    }

    /// Some panels, each whole. What is wanted next is the panel that lies `next` panels behind.
    pub(crate) fn whole(&self, panels: Range<usize>, next: usize) -> impl Iterator<Item = CodebookPanel<'a>> {
        let levels = self.levels();
        let layout = CodebookLayout::new(self.dtype, self.places);
        self.panels.of(panels, layout.bytes).chunks_exact(layout.bytes.max(1)).map(move |bytes| {
            let (bits, multipliers) = bytes.split_at_checked(layout.multipliers).or_empty();
            let (codes, high_bits) = bits.split_at_checked(layout.high_bits).or_empty();
            CodebookPanel {
                levels,
                codes: codes.as_chunks().0,
                high_bits: high_bits.as_chunks().0,
                multipliers: bytemuck::must_cast_slice::<u8, i8>(multipliers).as_chunks().0,
                prefetch: next * layout.bytes,
            }
        })
    }

    #[inline(always)]
    fn levels(&self) -> &'static Levels {
        if self.dtype == dtype::C5 { &FIVE_BITS } else { &FOUR_BITS }
    }
}
