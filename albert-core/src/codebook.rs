//! Where the parts of a codebook panel lie in the file (`docs/format.md`).

use crate::format::layout::{CodebookLayout, LEVELS_4, LEVELS_5, dtype};
use crate::kernels::CodebookPanel;

/// The levels of a 4-bit format, twice, so that both formats have 32.
const LEVELS_4_TWICE: [i8; 32] = {
    let mut levels = [0; 32];
    let mut index = 0;
    while index < 32 {
        levels[index] = LEVELS_4[index % 16];
        index += 1;
    }
    levels
};

/// The panel of one block of 16 channels; its `ahead` are `next` panels.
pub(crate) fn panel(dtype: u8, panels: &[u8], slots: usize, block: usize, next: usize) -> CodebookPanel<'_> {
    let layout = CodebookLayout::new(dtype, slots);
    let bytes = panels.get(block * layout.bytes..(block + 1) * layout.bytes).unwrap_or(&[]);
    let part = |start: usize, size: usize| bytes.get(start..start + size * layout.units).unwrap_or(&[]);
    let fifths = part(layout.fifths, if dtype == dtype::C5 { 16 } else { 0 });
    let multipliers: &[i8] = bytemuck::must_cast_slice(part(layout.multipliers, 4));
    CodebookPanel {
        levels: if dtype == dtype::C5 { &LEVELS_5 } else { &LEVELS_4_TWICE },
        codes: part(0, 64).as_chunks().0,
        fifths: fifths.as_chunks().0,
        multipliers: multipliers.as_chunks().0,
        ahead: next * layout.bytes,
    }
}
