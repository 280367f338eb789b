//! What calibrating takes, held to a bound by the size of the network: a checkpoint of a few kilobytes can ask for thousands of
//! layers, for inputs as wide as 65,536 channels and for a million labels. Networks as they are trained stay below every bound, so
//! that nothing changes for them.

use albert_core::Config;
use albert_core::format::layout::ALIGNMENT;

use super::splits::ROW_PEAK_BYTES;
use crate::network::{Kind, Parameter};

/// Longest input.
const MOST_TOKENS: u64 = 128;
/// Tokens of all inputs together, about. More would take time and memory and teach nothing.
const MOST_TOKENS_IN_ALL: u64 = 8192;
/// Operations for all of them, unless that leaves fewer tokens than [`FEWEST_TOKENS`]: networks of thousands of channels take
/// a second a token for each twenty billion.
const MOST_OPERATIONS: u64 = 6 << 40;
/// What a large network has for all its channels: its weights are seen at each of its depths.
const FEWEST_TOKENS: u64 = 2048;
/// Most inputs that run side by side. The number does not depend on that of threads, and results do not depend on it.
const MOST_SIDE_BY_SIDE: u64 = 4;
/// Widest part of a linear's input that correlations are kept for.
pub(super) const MOST_WIDTH: usize = 4096;

/// Bytes that the rows of inputs side by side may take: for each of the network in f32, and beside them.
const ROW_BYTES: (u64, u64) = (3, 20 << 20);
/// Bytes that they may take beside two fifths of the network's: with the network in f32, a large one stays below 1.5 times itself.
const HELD_BYTES: u64 = 128 << 20;
/// The same for the peaks of all inputs.
const PEAK_BYTES: (u64, u64) = (3, 20 << 20);
/// The same for all Hessians.
const HESSIAN_BYTES: (u64, u64) = (2, 8 << 20);
/// Operations for each byte of the network in f32, and beside them.
const OPERATIONS: (u64, u64) = (1 << 17, 1 << 31);
/// Logits of all tokens: a label weighs little and costs as much as any.
const MOST_LOGITS: u64 = 1 << 29;
/// What it takes to move a value, in operations.
const MOVED: u64 = 32;
/// What a layer takes for an input beside its tokens, in operations.
const STARTED: u64 = 1 << 16;
/// What a product takes in int8, and one of a Hessian, where one in f32 takes 1: measured.
pub(super) const INT8: f64 = 0.25;
pub(super) const CORRELATION: f64 = 1.3;
/// The same of rounding: of a product, and of trying a weight's levels with all multipliers.
const ROUNDING: f64 = 3.0;
const LEVELS: f64 = 140_000.0;
/// Sites of a layer.
const SITES: u64 = 4;

/// What a sample may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Tokens of one input.
    pub(super) longest: usize,
    /// Tokens of all inputs, about.
    pub(super) tokens: usize,
    pub(super) inputs: usize,
}

/// The limits of a sample. `bytes` are those of the network in f32.
pub(super) fn limits(config: &Config, bytes: usize) -> Limits {
    let Shape { layers, hidden, intermediate, labels } = Shape::of(config);
    let values = layers.saturating_mul(8 * hidden + 2 * intermediate).saturating_add(labels);
    let correlations = intermediate * intermediate.min(MOST_WIDTH as u64) / 2;
    let products = layers.saturating_mul(6 * hidden * hidden + 2 * hidden * intermediate + correlations);
    let products = products.saturating_add(labels.saturating_mul(hidden));
    let one = products.saturating_add(values.saturating_mul(MOVED));
    let peaks = layers.saturating_mul(SITES * ROW_PEAK_BYTES as u64);
    let most = [
        room(OPERATIONS, bytes) / one.max(1),
        room(PEAK_BYTES, bytes) / peaks.max(1),
        MOST_LOGITS / labels.max(1),
        (MOST_OPERATIONS / one.max(1)).max(FEWEST_TOKENS),
    ];
    let tokens = most.into_iter().fold(MOST_TOKENS_IN_ALL, u64::min).max(1);
    let held = (room(ROW_BYTES, bytes) / row_bytes(config).max(1)).clamp(1, MOST_TOKENS);
    let longest = held.min(tokens).min(config.max_position_embeddings.into());
    let inputs = room(OPERATIONS, bytes) / layers.saturating_mul(STARTED).max(1);
    Limits {
        longest: longest as usize,
        tokens: tokens as usize,
        inputs: usize::try_from(inputs).unwrap_or(usize::MAX).max(1),
    }
}

/// How many inputs run side by side, given the length of one.
pub(super) fn side_by_side(config: &Config, bytes: usize, tokens: usize) -> usize {
    let one = row_bytes(config).saturating_mul(tokens as u64).max(1);
    let held = room(ROW_BYTES, bytes).min(HELD_BYTES + bytes as u64 / 5 * 2);
    (held / one).clamp(1, MOST_SIDE_BY_SIDE) as usize
}

/// Widest part of a linear's input that correlations are kept for, of linears with inputs of these widths.
pub(super) fn hessian_width(widths: impl Iterator<Item = usize> + Clone, bytes: usize) -> usize {
    let needed = |part: usize| {
        let one = |width: usize| 4 * (width as u64) * (part.min(width) as u64);
        widths.clone().map(one).fold(0, u64::saturating_add)
    };
    let mut part = MOST_WIDTH;
    while part > ALIGNMENT && needed(part) > room(HESSIAN_BYTES, bytes) {
        part /= 2;
    }
    part
}

/// Estimates what rounding a parameter takes, in products of f32. In a linear each column compensates for the errors of those behind
/// it; other parameters are rounded to nearest.
pub(crate) fn rounding_cost(parameter: &Parameter, codebook: bool) -> f64 {
    let (rows, columns) = (parameter.rows as f64, parameter.columns as f64);
    let products = columns.min(MOST_WIDTH as f64) / 2.0;
    let weight = if parameter.kind == Kind::Linear { ROUNDING * products } else { 1.0 };
    rows * columns * if codebook { weight + LEVELS } else { weight }
}

/// Bytes that a token's rows take: what goes into the linears of all layers, and the logits.
fn row_bytes(config: &Config) -> u64 {
    let Shape { layers, hidden, intermediate, labels } = Shape::of(config);
    layers.saturating_mul(3 * hidden + intermediate).saturating_add(labels).saturating_mul(4)
}

fn room((each, beside): (u64, u64), bytes: usize) -> u64 {
    (bytes as u64).saturating_mul(each).saturating_add(beside)
}

/// The sizes that count. Widths are at most 65,536, so that their products fit.
struct Shape {
    /// Applications of a layer's weights.
    layers: u64,
    hidden: u64,
    intermediate: u64,
    labels: u64,
}

impl Shape {
    fn of(config: &Config) -> Self {
        Self {
            layers: u64::from(config.num_hidden_layers) * u64::from(config.inner_group_num),
            hidden: config.hidden_size.into(),
            intermediate: config.intermediate_size.into(),
            labels: config.num_labels.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn albert(hidden_size: u32, num_hidden_layers: u32, intermediate_size: u32) -> Config {
        Config { hidden_size, num_hidden_layers, intermediate_size, ..Config::BASE }
    }

    /// Parameters of the network in f32, without its vocabulary: the least that a network of its shape has.
    fn bytes(config: &Config) -> usize {
        let [hidden, intermediate] = [config.hidden_size, config.intermediate_size].map(|size| size as usize);
        4 * (4 * hidden * hidden + 2 * hidden * intermediate)
    }

    #[test]
    fn networks_as_they_are_trained_are_not_cut() {
        let sizes = [
            (768, 12, 3072, 8192),
            (1024, 24, 4096, 8192),
            (2048, 24, 8192, 3591),
            (4096, 12, 16384, 2048),
            (768, 12, 2048, 8192),
            (312, 4, 1248, 8192),
        ];
        for (hidden, layers, intermediate, tokens) in sizes {
            let config = albert(hidden, layers, intermediate);
            let limits = limits(&config, bytes(&config));
            assert_eq!((limits.longest, limits.tokens), (128, tokens), "{hidden}");
            assert!(limits.inputs > 10_000, "{hidden}");
            let [hidden, intermediate] = [hidden, intermediate].map(|size| size as usize);
            let widths = [hidden, hidden, hidden, intermediate];
            assert_eq!(hessian_width(widths.into_iter(), bytes(&config)), MOST_WIDTH, "{hidden}");
        }
    }

    #[test]
    fn what_a_small_file_asks_for_is_cut() {
        let deep = Config { max_position_embeddings: 128, ..albert(6, 4096, 7) };
        let cut = limits(&deep, 6000);
        assert!(cut.longest < 128 && cut.tokens < 1024 && cut.inputs <= 16, "{cut:?}");
        assert_eq!([cut.longest, 128].map(|tokens| side_by_side(&deep, 6000, tokens)), [4, 1]);
        let labels = Config { num_labels: 1 << 18, ..albert(6, 1, 7) };
        assert!(limits(&labels, 6 << 20).longest < 64 && limits(&labels, 6 << 20).tokens == 2048);
        let most = Config { num_hidden_layers: u32::MAX, inner_group_num: u32::MAX, ..albert(65_536, 1, 65_536) };
        assert_eq!(limits(&most, 0), Limits { longest: 1, tokens: 1, inputs: 1 });
        assert_eq!((side_by_side(&most, 0, 128), hessian_width([65_536].into_iter(), 0)), (1, 64));
    }
}
