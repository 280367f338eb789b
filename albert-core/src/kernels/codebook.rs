//! Codebook formats: the definition of the expansion from codes and multipliers to int8 weights.

use crate::format::layout::scaled;
#[cfg(target_arch = "x86_64")]
use crate::slices::part;
use core::ops::Deref;
#[cfg(target_arch = "x86_64")]
use core::ops::Range;

/// The levels of a codebook.
#[derive(Clone, Debug)]
pub struct Levels {
    levels: [i8; 32],
    #[cfg(target_arch = "x86_64")]
    scaled: ScaledLevels,
}

impl Levels {
    /// Codes without a high bit reach the first 16.
    pub const fn new(levels: [i8; 32]) -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            scaled: ScaledLevels::new(&levels),
            levels,
        }
    }

    /// The levels times every multiplier.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn scaled(&self) -> &ScaledLevels {
        &self.scaled
    }
}

impl Deref for Levels {
    type Target = [i8; 32];

    fn deref(&self) -> &[i8; 32] {
        &self.levels
    }
}

/// Levels times every multiplier, whose byte is the index: the first 16, and the others. AMD's cores multiply where they multiply
/// activations, and have ports to spare for a table.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct ScaledLevels(pub(super) [[[i8; 16]; 256]; 2]);

#[cfg(target_arch = "x86_64")]
impl ScaledLevels {
    const fn new(levels: &[i8; 32]) -> Self {
        let mut all = [[[0; 16]; 256]; 2];
        let mut index = 0;
        while index < 32 * 256 {
            let (level, multiplier) = (index % 32, index / 32);
            all[level / 16][multiplier][level % 16] = scaled(levels[level], multiplier as u8 as i8);
            index += 1;
        }
        Self(all)
    }
}

/// One panel of 16 output channels in a codebook format, in units of 8 places (`docs/format.md`).
///
/// Four channels share a multiplier over the places of a unit, so 16 bytes of weights, four places of four channels, come from
/// one table: a lookup by bytes within a 128-bit register.
#[derive(Clone, Copy, Debug)]
pub struct CodebookPanel<'a> {
    /// What the codes name.
    pub levels: &'a Levels,
    /// Low four bits of the codes: `[channel][place]` of places 0 to 3 of the unit in the low halves, of 4 to 7 in the high.
    pub codes: &'a [[u8; 64]],
    /// High bits: a byte a channel, a bit a place. None with 16 levels, else as many as units.
    pub high_bits: &'a [[u8; 16]],
    /// A multiplier for each four channels, in [-127, 127]; as many as units.
    pub multipliers: &'a [[i8; 4]],
    /// Bytes from these codes to those wanted next, which the expansion may fetch into a cache; a hint.
    pub prefetch: usize,
}

impl CodebookPanel<'_> {
    /// Some units.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn part(&self, units: Range<usize>) -> Self {
        let Self { codes, high_bits, multipliers, .. } = *self;
        Self {
            codes: part(codes, units.clone()),
            high_bits: if high_bits.is_empty() { &[] } else { part(high_bits, units.clone()) },
            multipliers: part(multipliers, units),
            ..*self
        }
    }

    /// The weight of one channel and place, 0 beyond the panel.
    pub fn weight(&self, channel: usize, place: usize) -> i8 {
        let (unit, within) = (place / 8, place % 8);
        let code = self.codes.get(unit).and_then(|codes| codes.get(channel * 4 + within % 4)).copied().unwrap_or(0);
        let high_bit = self.high_bits.get(unit).and_then(|high_bits| high_bits.get(channel)).copied().unwrap_or(0);
        let multiplier = self.multipliers.get(unit).and_then(|all| all.get(channel / 4)).copied().unwrap_or(0);
        let code = code >> (4 * (within / 4)) & 15 | (high_bit >> within & 1) << 4;
        scaled(self.levels.get(usize::from(code)).copied().unwrap_or(0), multiplier)
    }
}

/// The expansion of the scalar set.
pub(super) fn expand(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    let count = if panel.high_bits.is_empty() { 16 } else { 32 };
    let units = panel.codes.iter().zip(panel.multipliers).zip(out.as_chunks_mut::<128>().0);
    for (unit, ((codes, multipliers), out)) in units.enumerate() {
        let high_bits = panel.high_bits.get(unit).copied().unwrap_or_default();
        let (first, second) = out.split_at_mut(64);
        let quads = codes.as_chunks::<16>().0.iter().zip(high_bits.as_chunks::<4>().0).zip(multipliers);
        let outs = first.as_chunks_mut::<16>().0.iter_mut().zip(second.as_chunks_mut::<16>().0);
        for (((codes, high_bits), &multiplier), (first, second)) in quads.zip(outs) {
            let mut table = [0; 32];
            for (weight, &level) in table.iter_mut().zip(panel.levels.iter()).take(count) {
                *weight = scaled(level, multiplier);
            }
            for (index, ((&codes, first), second)) in codes.iter().zip(first).zip(second).enumerate() {
                let high_bit = high_bits.get(index / 4).copied().unwrap_or(0) >> (index % 4);
                let weight = |code: u8, high_bit: u8| {
                    table.get(usize::from(code & 15 | (high_bit & 1) << 4)).copied().unwrap_or(0)
                };
                *first = weight(codes, high_bit);
                *second = weight(codes >> 4, high_bit >> 4);
            }
        }
    }
}
