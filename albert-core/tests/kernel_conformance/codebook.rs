//! Codebook weights.

use crate::support::{Random, sets};
use albert_core::format::layout::scaled;
use albert_core::kernels::Kernels;
use albert_core::kernels::internals::{CodebookPanel, Levels, Product};

/// Any bytes and any number of units, with both codebooks; what is beyond the last unit stays.
#[test]
fn codebook_expansion() {
    let sets = sets();
    let mut random = Random(7);
    for units in (0..20).chain([98, 386]) {
        for has_high_bits in [false, true] {
            let mut byte = || random.next() as u8;
            let codes: Vec<[u8; 64]> = (0..units).map(|_| [(); 64].map(|()| byte())).collect();
            let high_bits: Vec<[u8; 16]> =
                (0..if has_high_bits { units } else { 0 }).map(|_| [(); 16].map(|()| byte())).collect();
            let mut byte = || random.byte();
            let mut multipliers: Vec<[i8; 4]> = (0..units).map(|_| [(); 4].map(|()| byte())).collect();
            if let Some(first) = multipliers.first_mut() {
                *first = [127, -127, 0, 1];
            }
            let levels = Levels::new([(); 32].map(|()| byte()));
            let panel = CodebookPanel {
                levels: &levels,
                codes: &codes,
                high_bits: &high_bits,
                multipliers: &multipliers,
                prefetch: 64,
            };
            let run = |set: Kernels| {
                let mut out = vec![99; units * 128 + 64];
                set.expand(&panel, &mut out);
                out
            };
            let want = run(Kernels::SCALAR);
            for (index, &weight) in want.iter().enumerate() {
                let (k_group, channel, place) = (index / 64, index / 4 % 16, index % 4);
                let exact = if k_group < 2 * units { panel.weight(channel, k_group * 4 + place) } else { 99 };
                assert_eq!(weight, exact, "{units} units, K group {k_group}, channel {channel}, place {place}");
            }
            for &set in &sets {
                assert_eq!(run(set), want, "{set:?}, {units} units, high bits: {has_high_bits}");
            }
            let [backwards, hollow] = [1, 2].map(|stride| Other::new(&panel, stride));
            let panels = [panel, backwards.panel(&panel), hollow.panel(&panel), panel];
            let mut weights = vec![0; units * 128 * panels.len()];
            for (panel, out) in panels.iter().zip(weights.chunks_mut((units * 128).max(1))) {
                Kernels::SCALAR.expand(panel, out);
            }
            check_products(&sets, &panels, &weights, &mut random);
        }
    }
}

/// A panel made of another.
struct Other {
    codes: Vec<[u8; 64]>,
    high_bits: Vec<[u8; 16]>,
    multipliers: Vec<[i8; 4]>,
}

impl Other {
    /// The units from the last to the first, and only each `stride`th with multipliers.
    fn new(panel: &CodebookPanel<'_>, stride: usize) -> Self {
        let multipliers = panel.multipliers.iter().rev().enumerate();
        Self {
            codes: panel.codes.iter().rev().copied().collect(),
            high_bits: panel.high_bits.iter().rev().copied().collect(),
            multipliers: multipliers.map(|(unit, &all)| if unit % stride == 0 { all } else { [0; 4] }).collect(),
        }
    }

    fn panel<'a>(&'a self, like: &CodebookPanel<'a>) -> CodebookPanel<'a> {
        CodebookPanel { codes: &self.codes, high_bits: &self.high_bits, multipliers: &self.multipliers, ..*like }
    }
}

/// Where a set multiplies panels, the sums are those of the expanded weights, for any number of rows, any strides and
/// any room. What is beside them stays, but for the place of a panel beside an odd one.
fn check_products(sets: &[Kernels], panels: &[CodebookPanel<'_>], weights: &[i8], random: &mut Random) {
    let k_groups = 2 * panels[0].codes.len();
    for (rows, count) in (0..28).flat_map(|rows| (1..=panels.len()).map(move |count| (rows, count))) {
        let size =
            Product { rows, row_bytes: k_groups * 4 + 3, k_groups, panels: count, row_sums: 69, prefetch: false };
        let a: Vec<u8> = (0..rows * size.row_bytes).map(|_| random.byte() as u8).collect();
        let mut room = vec![99; [0, 256, 3000, 256 * k_groups][rows % 4]];
        for set in sets {
            let (mut direct, mut want) = (vec![99; rows * size.row_sums], vec![99; rows * size.row_sums]);
            set.matmul_i8(&size, &a, weights, &mut want);
            if set.multiply_panels(&size, &a, &panels[..count], &mut room, &mut direct) {
                for row in direct.chunks_mut(size.row_sums).filter(|_| count % 2 == 1) {
                    row[count * 16..][..16].fill(99);
                }
                assert_eq!(direct, want, "{set:?}, {rows} rows, {k_groups} K groups, {count} panels");
            } else {
                assert!(direct.iter().all(|&sum| sum == 99), "{set:?}, {rows} rows, {k_groups} K groups");
            }
        }
    }
}

#[test]
fn codebook_weights_are_rounded_products() {
    for (level, multiplier) in (-127..=127).flat_map(|level| (-127..=127).map(move |multiplier| (level, multiplier))) {
        let exact = f64::from(level) * f64::from(multiplier) / 128.0;
        assert_eq!(f64::from(scaled(level, multiplier)), (exact + 0.5).floor(), "{level} x {multiplier}");
    }
}
