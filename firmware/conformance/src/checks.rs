//! One check for each kernel: many calls of both sets, and one call of each that is measured.

use crate::random::{Bytes, Floats, Random};
use albert_core::config::Activation;
use albert_core::kernels::Kernels;
use albert_core::kernels::internals::{
    Channels, CodebookPanel, Keys, Levels, LinearProduct, Product, RowScale, Splits, Store, Tile,
};
use board::Counter;

/// A kernel's check.
pub struct Check {
    pub name: &'static str,
    pub run: fn(&mut Pair) -> Outcome,
    /// What the measured call does.
    pub unit: &'static str,
}

pub const ALL: [Check; 12] = [
    Check { name: "integer products", run: products, unit: "4 rows by 64 channels by 312 places" },
    Check { name: "integer products of many rows", run: wide_products, unit: "12 rows by 64 channels by 312 places" },
    Check { name: "integer products of one row", run: lone_products, unit: "1 row by 64 channels by 312 places" },
    Check { name: "linears", run: linears::<4>, unit: "4 rows by 64 channels by 312 places" },
    Check { name: "linears of many rows", run: linears::<12>, unit: "12 rows by 64 channels by 312 places" },
    Check { name: "linears of one row", run: linears::<1>, unit: "1 row by 64 channels by 312 places" },
    Check { name: "codebook expansion", run: expansion, unit: "16 channels by 312 places" },
    Check { name: "quantization", run: quantization, unit: "312 values" },
    Check { name: "dequantization", run: dequantization, unit: "64 channels" },
    Check { name: "activation functions", run: activations, unit: "64 values of GELU by dequantization" },
    Check { name: "layer norm", run: layer_norm, unit: "312 values" },
    Check { name: "softmax", run: softmax, unit: "32 keys" },
];

/// Both sets and the counter.
pub struct Pair {
    set: Kernels,
    counter: Counter,
    random: Random,
}

/// What came of a check.
#[derive(Default)]
pub struct Outcome {
    pub calls: u32,
    pub differing: u32,
    /// Instructions of the measured call.
    pub scalar: u64,
    pub set: u64,
}

impl Outcome {
    fn note(&mut self, same: bool) {
        self.calls += 1;
        self.differing += u32::from(!same);
    }
}

/// Lengths of rows: every short one, and some of real models.
fn lengths() -> impl Iterator<Item = usize> {
    (1..=40).chain([63, 64, 65, 312])
}

/// Most rows of a product.
const ROWS: usize = 17;
/// Most rows of a linear.
const ROWS_OF_LINEARS: usize = 12;
/// Sums of a product, with the room behind them.
const SUMS: usize = (ROWS + 8) * 64;
/// Most elements of a row.
const MOST: usize = 320;

/// Weights of four panels.
#[repr(align(64))]
struct Weights([i8; 4 * MOST * 16]);

impl Pair {
    pub fn new(set: Kernels, counter: Counter) -> Self {
        Self { set, counter, random: Random::new(7) }
    }

    /// The same work by both sets; the outputs, and how many instructions each took.
    fn both<T>(&mut self, mut work: impl FnMut(Kernels) -> T) -> [(T, u64); 2] {
        [Kernels::SCALAR, self.set].map(|kernels| {
            self.counter.lap();
            let result = work(kernels);
            (result, self.counter.lap())
        })
    }

    fn floats<const N: usize>(&mut self, kind: Floats) -> [f32; N] {
        let mut values = [0.0; N];
        kind.fill(&mut values, &mut self.random);
        values
    }

    /// A product of `rows` by `panels * 16` by `k_groups * 4`.
    fn product(&mut self, outcome: &mut Outcome, rows: usize, panels: usize, k_groups: usize, kinds: [Bytes; 2]) {
        let mut weights = Weights([0; 4 * MOST * 16]);
        kinds[0].fill(&mut weights.0, &mut self.random);
        let mut a = [0i8; ROWS * MOST];
        kinds[1].fill(&mut a, &mut self.random);
        let a = a.map(|byte| byte as u8);
        let row_bytes = (k_groups * 4).next_multiple_of(64);
        let row_sums = panels * 16 + rows % 3 * 5;
        let size = Product { rows, row_bytes, k_groups, panels, row_sums, prefetch: false };
        let w = &weights.0[..panels * k_groups * 64];
        let a = &a[..(rows - 1) * row_bytes + k_groups * 4];
        // Even numbers of K groups with the room behind the sums that a tile of 8 rows has at least, others without.
        let used = (rows - 1) * row_sums + panels * 16;
        let room = if k_groups % 2 == 0 { rows.max(8) * 64 + 8 * 64 } else { 0 };
        let [(want, scalar), (got, set)] = [Kernels::SCALAR, self.set].map(|kernels| {
            let mut sums = [77; SUMS];
            self.counter.lap();
            kernels.matmul_i8(&size, a, w, &mut sums[..used.max(room)]);
            // Before the sums are copied.
            let count = self.counter.lap();
            (sums, count)
        });
        // What is behind the sums may have changed.
        let end = if room > used { rows * row_sums } else { SUMS };
        outcome.note(want[..end] == got[..end]);
        (outcome.scalar, outcome.set) = (scalar, set);
    }
}

/// Equal bits, or both not a number.
fn same(want: &[f32], got: &[f32]) -> bool {
    want.iter().zip(got).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

fn products(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for k_groups in (1..=36).chain([63, 64, 65]) {
        for rows in 1..=9 {
            pair.product(&mut outcome, rows, 1 + k_groups % 3, k_groups, [Bytes::Random; 2]);
        }
    }
    for kinds in Bytes::ALL.iter().flat_map(|&w| Bytes::ALL.map(|a| [w, a])) {
        pair.product(&mut outcome, 7, 2, 78, kinds);
    }
    pair.product(&mut outcome, 4, 4, 78, [Bytes::Random; 2]);
    outcome
}

fn wide_products(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for rows in 10..=ROWS {
        pair.product(&mut outcome, rows, 2, 77, [Bytes::Random; 2]);
    }
    pair.product(&mut outcome, 12, 4, 78, [Bytes::Random; 2]);
    outcome
}

fn lone_products(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for kinds in Bytes::ALL.iter().flat_map(|&w| Bytes::ALL.map(|a| [w, a])) {
        pair.product(&mut outcome, 1, 4, 78, kinds);
    }
    pair.product(&mut outcome, 1, 4, 78, [Bytes::Random; 2]);
    outcome
}

/// Products and what makes values of them.
fn linears<const ROWS: usize>(pair: &mut Pair) -> Outcome {
    const CHANNELS: usize = 64;
    let mut weights = Weights([0; 4 * MOST * 16]);
    let mut a = [0; ROWS_OF_LINEARS * MOST];
    Bytes::Random.fill(&mut weights.0, &mut pair.random);
    Bytes::Random.fill(&mut a, &mut pair.random);
    let a = a.map(|byte| byte as u8);
    let random = &mut pair.random;
    let sums: [i32; CHANNELS] = core::array::from_fn(|_| random.word() as i32 >> 12);
    let scales: [f32; CHANNELS] = core::array::from_fn(|_| random.unit() * 1e-2);
    let rows: [RowScale; ROWS] =
        core::array::from_fn(|_| RowScale { scale: random.unit() * 1e-3, zero_point: random.byte().into() });
    let bias: [f32; CHANNELS] = pair.floats(Floats::Normal);
    let channels = Channels { scales: &scales, sums: &sums, bias: &bias };
    let (k_groups, row_outputs) = (78, CHANNELS);
    let size =
        LinearProduct { rows: ROWS, row_bytes: MOST, k_groups, channels: CHANNELS, row_outputs, prefetch: false };
    let w = &weights.0[..CHANNELS * k_groups * 4];
    let [(want, scalar), (got, set)] = [Kernels::SCALAR, pair.set].map(|kernels| {
        let (mut out, mut sums) = ([0.0; ROWS_OF_LINEARS * CHANNELS], [0; (ROWS_OF_LINEARS + 8) * CHANNELS]);
        pair.counter.lap();
        kernels.linear_i8(&size, &a, w, &rows, &channels, Store::Write, &mut out, &mut sums[..(ROWS + 8) * CHANNELS]);
        let count = pair.counter.lap();
        (out, count)
    });
    let mut outcome = Outcome { scalar, set, ..Outcome::default() };
    outcome.note(same(&want, &got));
    outcome
}

fn expansion(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for (units, has_high_bits) in (0..40).flat_map(|units| [(units, false), (units, true)]) {
        let random = &mut pair.random;
        let codes: [[u8; 64]; 40] = core::array::from_fn(|_| core::array::from_fn(|_| random.word() as u8));
        let high_bits: [[u8; 16]; 40] = core::array::from_fn(|_| core::array::from_fn(|_| random.word() as u8));
        let mut multipliers: [[i8; 4]; 40] = core::array::from_fn(|_| core::array::from_fn(|_| random.byte()));
        multipliers[0] = [127, -127, 0, 1];
        let levels = Levels::new(core::array::from_fn(|_| random.byte()));
        let panel = CodebookPanel {
            levels: &levels,
            codes: &codes[..units],
            high_bits: if has_high_bits { &high_bits[..units] } else { &[] },
            multipliers: &multipliers[..units],
            prefetch: 0,
        };
        let [(want, scalar), (got, set)] = pair.both(|kernels| {
            let mut out = [99; 40 * 128 + 64];
            kernels.expand(&panel, &mut out);
            out
        });
        outcome.note(want == got);
        if !has_high_bits {
            (outcome.scalar, outcome.set) = (scalar, set);
        }
    }
    outcome
}

fn quantization(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for (n, kind) in lengths().flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
        let x: [f32; MOST] = pair.floats(kind);
        let x = &x[..n];
        let [(want, scalar), (got, set)] = pair.both(|kernels| {
            let (mut row, mut out) = ([0.0; MOST], [0xee; MOST]);
            row[..n].copy_from_slice(x);
            let scale = kernels.quantize_row(&mut row[..n], &Splits::default(), &mut [], &mut out);
            (out, scale.scale.to_bits(), scale.zero_point)
        });
        outcome.note(want == got);
        (outcome.scalar, outcome.set) = (scalar, set);
        let heads = 1 + n % 3;
        let size = n / heads;
        let [(want, _), (got, _)] = pair.both(|kernels| {
            let (mut out, mut scales) = ([0xee; MOST], [0.0; 3]);
            kernels.quantize_heads(&x[..heads * size], size, size, &mut out, &mut scales);
            (out, scales.map(f32::to_bits))
        });
        outcome.note(want == got);
    }
    outcome
}

/// Both sets on rows of `channels` channels.
fn dequantize(pair: &mut Pair, outcome: &mut Outcome, rows: usize, channels: usize, store: Store) {
    let (row_sums, row_outputs) = (channels + channels % 7, channels + channels % 3);
    let tile = Tile { rows, channels, row_sums, row_outputs };
    let random = &mut pair.random;
    let sums: [i32; 4 * 80] = core::array::from_fn(|_| random.word() as i32 >> 6);
    let channel_sums: [i32; 80] = core::array::from_fn(|_| random.word() as i32 >> 12);
    let row_scales: [RowScale; 4] =
        core::array::from_fn(|_| RowScale { scale: random.unit() * 1e-3, zero_point: random.byte().into() });
    let scales: [f32; 80] = core::array::from_fn(|_| random.unit() * 1e-2);
    let (bias, before): ([f32; 80], [f32; 4 * 80]) = (pair.floats(Floats::Normal), pair.floats(Floats::Normal));
    let per_channel = Channels { scales: &scales, sums: &channel_sums, bias: &bias };
    let [(want, scalar), (got, set)] = pair.both(|kernels| {
        let mut out = before;
        kernels.dequantize(&tile, &sums, &row_scales, &per_channel, store, &mut out);
        out
    });
    outcome.note(same(&want, &got));
    (outcome.scalar, outcome.set) = (scalar, set);
}

fn dequantization(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for channels in 1..=70 {
        for store in [Store::Add, Store::Write] {
            dequantize(pair, &mut outcome, 1 + channels % 4, channels, store);
        }
    }
    dequantize(pair, &mut outcome, 1, 64, Store::Write);
    outcome
}

fn activations(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for &activation in Activation::ALL {
        for kind in Floats::ALL {
            let x: [f32; MOST] = pair.floats(kind);
            let [(want, _), (got, _)] = pair.both(|kernels| {
                let mut x = x;
                kernels.activate(activation, &mut x);
                x
            });
            outcome.note(same(&want, &got));
        }
        for channels in 1..=9 {
            dequantize(pair, &mut outcome, 2, channels, Store::Activate(activation));
        }
    }
    dequantize(pair, &mut outcome, 1, 64, Store::Activate(Activation::Gelu));
    outcome
}

fn layer_norm(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for (n, kind) in lengths().flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
        let x: [f32; MOST] = pair.floats(kind);
        let (weight, bias): ([f32; MOST], [f32; MOST]) = (pair.floats(Floats::Normal), pair.floats(Floats::Normal));
        let [(want, scalar), (got, set)] = pair.both(|kernels| {
            let mut x = x;
            kernels.layer_norm(&mut x[..n], n, &weight, &bias, 1e-12);
            x
        });
        outcome.note(same(&want, &got));
        (outcome.scalar, outcome.set) = (scalar, set);
    }
    outcome
}

fn softmax(pair: &mut Pair) -> Outcome {
    let mut outcome = Outcome::default();
    for (n, shift) in lengths().chain([32]).flat_map(|n| [31, 20, 8, 0].map(|shift| (n, shift))) {
        let random = &mut pair.random;
        let scores: [i32; MOST] = core::array::from_fn(|_| random.word() as i32 >> shift);
        let offsets: [i32; MOST] = core::array::from_fn(|_| random.below(100_000) as i32);
        let scales: [f32; MOST] = core::array::from_fn(|_| (random.unit() + 1.1) * 1e-3);
        let value_scale = [1.0, 1e-20, 1e-34, 0.0][n % 4];
        let value_scales: [f32; MOST] = core::array::from_fn(|_| (random.unit() + 1.1) * value_scale);
        let keys = Keys { offsets: &offsets, scales: &scales, value_scales: &value_scales };
        let [(want, scalar), (got, set)] = pair.both(|kernels| {
            let (mut scratch, mut out) = ([0.0; MOST], [0xee; MOST]);
            let scale = kernels.softmax(&scores, &keys, 0.18, &mut scratch[..n], &mut out[..n]);
            (scale, scratch, out)
        });
        outcome.note(want.0.to_bits() == got.0.to_bits() && want.2 == got.2 && same(&want.1, &got.1));
        (outcome.scalar, outcome.set) = (scalar, set);
        let x: [f32; MOST] = pair.floats(Floats::ALL[n % 4]);
        let [(want, _), (got, _)] = pair.both(|kernels| {
            let mut x = x;
            kernels.softmax_f32(&mut x[..n], 1.25);
            x
        });
        outcome.note(same(&want, &got));
    }
    outcome
}
