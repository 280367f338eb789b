//! Every kernel set against the scalar set: bit for bit where integers rule, within a tolerance for float products.
//!
//! Sets that this CPU lacks are skipped and named. `ALBERT_MUST_RUN=avx2,avxvnni` fails the run when one of those is.

use albert_core::config::Activation;
use albert_core::kernels::{
    self, Channels, CodebookPanel, FloatProduct, KernelSet, Kernels, Keys, LinearProduct, Product, RowScale, Splits,
    Store, Tile,
};

/// Fills every gap and every place around an output; a kernel that writes there changes it.
const GUARD: u32 = 0xabcd_1234;

/// A small generator (SplitMix64), so that failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Even in [-1, 1).
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    }

    /// In [-127, 127].
    fn byte(&mut self) -> i8 {
        ((self.next() % 255) as i16 - 127) as i8
    }
}

/// The sets other than scalar that this CPU runs. Says which run, and fails when one that must does not.
fn sets() -> Vec<Kernels> {
    let (run, skipped): (Vec<&KernelSet>, Vec<&KernelSet>) =
        kernels::compiled().iter().partition(|set| set.kernels().is_some());
    eprintln!("kernel sets that run: {run:?}; skipped, because this CPU lacks them: {skipped:?}");
    let required = std::env::var("ALBERT_MUST_RUN").unwrap_or_default();
    for name in required.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        assert!(run.iter().any(|set| set.name() == name), "{name} must run, but only {run:?} can");
    }
    run.iter().filter(|set| set.name() != "scalar").filter_map(|set| set.kernels()).collect()
}

/// Equal bits, or both not a number.
fn assert_same(got: &[f32], want: &[f32], what: impl Fn() -> String) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
        assert!(
            same,
            "{}: element {i} is {got:e} ({:#x}), not {want:e} ({:#x})",
            what(),
            got.to_bits(),
            want.to_bits()
        );
    }
}

fn guard_f32(n: usize) -> Vec<f32> {
    vec![f32::from_bits(GUARD); n]
}

/// A way to fill bytes in [-127, 127].
#[derive(Clone, Copy, Debug)]
enum Bytes {
    Random,
    Alternating,
    Highest,
    Lowest,
    Zero,
}

impl Bytes {
    const ALL: [Self; 5] = [Self::Random, Self::Alternating, Self::Highest, Self::Lowest, Self::Zero];

    fn fill(self, n: usize, random: &mut Random) -> Vec<i8> {
        let byte = |i: usize| match self {
            Self::Random => random.byte(),
            Self::Alternating => [127, -127][i % 2],
            Self::Highest => 127,
            Self::Lowest => -127,
            Self::Zero => 0,
        };
        (0..n).map(byte).collect()
    }
}

/// Weights in the blocked layout, and a plain product to compare with.
struct Weights {
    steps: usize,
    values: Vec<i8>,
}

impl Weights {
    fn at(&self, channel: usize, slot: usize) -> i32 {
        i32::from(self.values[((channel / 16 * self.steps + slot / 4) * 16 + channel % 16) * 4 + slot % 4])
    }

    fn sum(&self, channel: usize) -> i32 {
        (0..self.steps * 4).map(|slot| self.at(channel, slot)).sum()
    }
}

/// Checks products of up to `rows` x `blocks` of one depth against sums computed once.
fn check_matmul_i8(sets: &[Kernels], steps: usize, sizes: &[(usize, usize)], a: Bytes, w: Bytes) {
    let mut random = Random(steps as u64);
    let rows = sizes.iter().map(|size| size.0).max().unwrap();
    let blocks = sizes.iter().map(|size| size.1).max().unwrap();
    let row_bytes = (steps * 4).next_multiple_of(64);
    // Bytes after the slots are not zero here: no set may count them.
    let bytes = a.fill(rows * row_bytes, &mut random);
    let weights = Weights { steps, values: w.fill(blocks * steps * 64, &mut random) };
    let channel_sums: Vec<i32> = (0..blocks * 16).map(|channel| weights.sum(channel)).collect();
    let exact = |row: usize, channel: usize| -> i32 {
        let row = &bytes[row * row_bytes..][..steps * 4];
        row.iter().enumerate().map(|(slot, &a)| i32::from(a) * weights.at(channel, slot)).sum()
    };
    let mut want = vec![0; rows * blocks * 16];
    let all = Product { rows, row_bytes, steps, blocks, row_sums: blocks * 16, continues: false };
    let scalar_bytes: Vec<u8> = bytes.iter().map(|&a| a as u8).collect();
    Kernels::SCALAR.matmul_i8(&all, &scalar_bytes, &weights.values, &mut want);
    for (row, channel) in [(0, 0), (rows - 1, blocks * 16 - 1), (rows / 2, 7), (0, blocks * 16 - 8)] {
        assert_eq!(want[row * blocks * 16 + channel], exact(row, channel), "scalar, {all:?}, {a:?} x {w:?}");
    }

    for &set in sets {
        let offset = set.activation_offset();
        let stored: Vec<u8> = bytes.iter().map(|&a| (i32::from(a) + offset) as u8).collect();
        for &(rows, blocks) in sizes {
            let row_sums = blocks * 16 + rows % 3 * 5;
            // The slices end where the product does, or where its last row does: reading on would be out of bounds.
            let a_len = (rows - 1) * row_bytes + if rows % 2 == 0 { row_bytes } else { steps * 4 };
            let sums_len = (rows - 1) * row_sums + blocks * 16;
            let mut sums = vec![GUARD as i32; sums_len + 32];
            let size = Product { rows, row_bytes, steps, blocks, row_sums, continues: true };
            let out = &mut sums[16..16 + sums_len];
            set.matmul_i8(&size, &stored[..a_len], &weights.values[..blocks * steps * 64], out);
            for (i, &sum) in sums.iter().enumerate() {
                let place = i.checked_sub(16).filter(|i| *i < sums_len && i % row_sums < blocks * 16);
                let expected = place.map_or(GUARD as i32, |i| {
                    let (row, channel) = (i / row_sums, i % row_sums);
                    want[row * all.row_sums + channel] + offset * channel_sums[channel]
                });
                assert_eq!(
                    sum,
                    expected,
                    "{set:?}, {size:?}, {a:?} x {w:?}, element {} of the output",
                    i as isize - 16
                );
            }
        }
    }
}

#[test]
fn integer_products_of_short_rows() {
    let sets = sets();
    let sizes: Vec<_> = (1..=18).flat_map(|rows| (1..=4).map(move |blocks| (rows, blocks))).collect();
    for steps in 1..=40 {
        check_matmul_i8(&sets, steps, &sizes, Bytes::Random, Bytes::Random);
    }
}

#[test]
fn integer_products_of_real_sizes() {
    let sets = sets();
    let sizes: Vec<_> = (1..=37).flat_map(|rows| (1..=7).map(move |blocks| (rows, blocks))).collect();
    for slots in [128, 256, 312, 768, 784, 3072] {
        check_matmul_i8(&sets, slots / 4, &sizes, Bytes::Random, Bytes::Random);
    }
}

#[test]
fn integer_products_of_extremes() {
    let sets = sets();
    let sizes = [(1, 1), (2, 7), (3, 4), (16, 4), (33, 6)];
    for (a, w) in Bytes::ALL.iter().flat_map(|&a| Bytes::ALL.map(|w| (a, w))) {
        for slots in [312, 3072] {
            check_matmul_i8(&sets, slots / 4, &sizes, a, w);
        }
    }
}

#[test]
fn products_of_many_rows_and_channels() {
    let sets = sets();
    check_matmul_i8(&sets, 768 / 4, &[(128, 48), (65, 13), (48, 12), (64, 4), (100, 9)], Bytes::Random, Bytes::Random);
}

/// Calls with sizes that do not fit leave the output alone.
#[test]
fn sizes_that_do_not_fit_do_nothing() {
    let good = Product { rows: 3, row_bytes: 64, steps: 16, blocks: 2, row_sums: 32, continues: false };
    let bad = [
        Product { rows: 4, ..good },
        Product { row_bytes: 65, ..good },
        Product { row_bytes: 60, ..good },
        Product { steps: 17, ..good },
        Product { blocks: 3, ..good },
        Product { row_sums: 31, ..good },
        Product { row_sums: 33, ..good },
        Product { rows: usize::MAX, ..good },
        Product { steps: usize::MAX / 2, ..good },
        Product { blocks: usize::MAX / 8, ..good },
        Product { rows: 0, ..good },
        Product { steps: 0, ..good },
        Product { blocks: 0, ..good },
    ];
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        let (a, w) = (vec![1; 192], vec![1; 2 * 16 * 64]);
        let mut sums = vec![7; 96];
        for size in bad {
            set.matmul_i8(&size, &a, &w, &mut sums);
            assert!(sums.iter().all(|&sum| sum == 7), "{set:?} {size:?}");
        }
        set.matmul_i8(&good, &a, &w, &mut sums);
        assert!(sums.iter().all(|&sum| sum == 64), "{set:?}");
    }
}

/// Any bytes and any number of units, with both codebooks; what is beyond the last unit stays.
#[test]
fn codebook_expansion() {
    let sets = sets();
    let mut random = Random(7);
    for units in (0..20).chain([98, 386]) {
        for has_fifths in [false, true] {
            let mut byte = || random.next() as u8;
            let codes: Vec<[u8; 64]> = (0..units).map(|_| [(); 64].map(|()| byte())).collect();
            let fifths: Vec<[u8; 16]> =
                (0..if has_fifths { units } else { 0 }).map(|_| [(); 16].map(|()| byte())).collect();
            let mut byte = || random.byte();
            let mut multipliers: Vec<[i8; 4]> = (0..units).map(|_| [(); 4].map(|()| byte())).collect();
            if let Some(first) = multipliers.first_mut() {
                *first = [127, -127, 0, 1];
            }
            let levels = [(); 32].map(|()| byte());
            let panel =
                CodebookPanel { levels: &levels, codes: &codes, fifths: &fifths, multipliers: &multipliers, ahead: 64 };
            let run = |set: Kernels| {
                let mut out = vec![99; units * 128 + 64];
                set.expand(&panel, &mut out);
                out
            };
            let want = run(Kernels::SCALAR);
            for (index, &weight) in want.iter().enumerate() {
                let (step, channel, slot) = (index / 64, index / 4 % 16, index % 4);
                let exact = if step < 2 * units { panel.weight(channel, step * 4 + slot) } else { 99 };
                assert_eq!(weight, exact, "{units} units, step {step}, channel {channel}, slot {slot}");
            }
            for &set in &sets {
                assert_eq!(run(set), want, "{set:?}, {units} units, fifth bits: {has_fifths}");
            }
        }
    }
}

#[test]
fn codebook_weights_are_rounded_products() {
    for (level, multiplier) in (-127..=127).flat_map(|level| (-127..=127).map(move |multiplier| (level, multiplier))) {
        let exact = f64::from(level) * f64::from(multiplier) / 128.0;
        assert_eq!(f64::from(kernels::scaled(level, multiplier)), (exact + 0.5).floor(), "{level} x {multiplier}");
    }
}

#[test]
fn float_products() {
    let mut random = Random(3);
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        for inputs in [1, 2, 7, 26, 64, 312, 768] {
            for (rows, blocks) in (1..=15).map(|rows| (rows, 1)).chain([(1, 5), (6, 4), (13, 3), (32, 2)]) {
                let (row_inputs, row_outputs) = (inputs + 3, blocks * 16 + rows % 3);
                let a: Vec<f32> = (0..rows * row_inputs).map(|_| random.unit()).collect();
                let halves: Vec<half::f16> =
                    (0..blocks * inputs * 16).map(|_| half::f16::from_f32(random.unit())).collect();
                let w: Vec<f32> = halves.iter().map(|w| w.to_f32()).collect();
                let bits: Vec<u16> = halves.iter().map(|w| w.to_bits()).collect();
                let size = FloatProduct { rows, row_inputs, inputs, blocks, row_outputs };
                let (a_len, out_len) = ((rows - 1) * row_inputs + inputs, (rows - 1) * row_outputs + blocks * 16);
                let (mut single, mut halved) = (guard_f32(out_len + 32), guard_f32(out_len + 32));
                set.matmul_f32(&size, &a[..a_len], &w, &mut single[16..16 + out_len]);
                set.matmul_f16(&size, &a[..a_len], &bits, &mut halved[16..16 + out_len]);
                for (i, (single, halved)) in single.iter().zip(&halved).enumerate() {
                    let place = i.checked_sub(16).filter(|i| *i < out_len && i % row_outputs < blocks * 16);
                    let Some(i) = place else {
                        assert_eq!((single.to_bits(), halved.to_bits()), (GUARD, GUARD), "{set:?} {size:?}");
                        continue;
                    };
                    let (row, channel) = (i / row_outputs, i % row_outputs);
                    let product = |k: usize| {
                        f64::from(a[row * row_inputs + k])
                            * f64::from(w[(channel / 16 * inputs + k) * 16 + channel % 16])
                    };
                    let exact: f64 = (0..inputs).map(product).sum();
                    // One rounding a term, of at most the sum of sizes.
                    let bound = (0..inputs).map(|k| product(k).abs()).sum::<f64>() * inputs as f64 * 2f64.powi(-24);
                    for got in [single, halved] {
                        assert!((f64::from(*got) - exact).abs() <= bound, "{set:?} {size:?}: {got} not {exact}");
                    }
                }
            }
        }
    }
}

/// Every short length, and those of real models.
fn lengths() -> impl Iterator<Item = usize> {
    (1..=100).chain([127, 128, 129, 312, 511, 512, 768, 1248, 3072])
}

const ACTIVATIONS: std::ops::Range<u32> = 0..16;

/// A way to fill floats.
#[derive(Clone, Copy, Debug)]
enum Floats {
    Normal,
    Wide,
    Tiny,
    Zero,
    Edges,
}

impl Floats {
    const ALL: [Self; 5] = [Self::Normal, Self::Wide, Self::Tiny, Self::Zero, Self::Edges];

    fn fill(self, n: usize, random: &mut Random) -> Vec<f32> {
        const EDGES: [f32; 14] =
            [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e30, -1e30, 1e-45, -1e-45, f32::MIN_POSITIVE, 0.625, -0.625];
        let float = |_| match self {
            Self::Normal => random.unit() * 8.0,
            Self::Wide => random.unit() * 2f32.powi((random.next() % 60) as i32 - 40),
            Self::Tiny => f32::from_bits((random.next() as u32 & 0x807f_ffff) >> (random.next() % 2)),
            Self::Zero => [0.0, -0.0][(random.next() % 2) as usize],
            Self::Edges => EDGES[(random.next() % 14) as usize],
        };
        (0..n).map(float).collect()
    }
}

#[test]
fn activations() {
    let mut random = Random(5);
    for set in sets() {
        for (code, kind) in ACTIVATIONS.flat_map(|code| Floats::ALL.map(|kind| (code, kind))) {
            let activation = Activation::from_code(code).unwrap();
            for n in lengths() {
                let mut want = kind.fill(n + 2, &mut random);
                let mut got = want.clone();
                Kernels::SCALAR.activate(activation, &mut want[1..=n]);
                set.activate(activation, &mut got[1..=n]);
                assert_same(&got, &want, || format!("{set:?} {activation:?} {kind:?} {n}"));
            }
        }
        // Every exponent, both signs, and thirteen bits of the fraction.
        let every: Vec<f32> = (0..0xff00_0000u32).step_by(1009).map(f32::from_bits).filter(|x| x.is_finite()).collect();
        for activation in ACTIVATIONS.filter_map(Activation::from_code) {
            let (mut want, mut got) = (every.clone(), every.clone());
            Kernels::SCALAR.activate(activation, &mut want);
            set.activate(activation, &mut got);
            assert_same(&got, &want, || format!("{set:?} {activation:?}"));
        }
    }
}

#[test]
fn dequantization() {
    let mut random = Random(7);
    let stores = || {
        let activate = ACTIVATIONS.filter_map(Activation::from_code).map(Store::Activate);
        [Store::Write, Store::Add].into_iter().chain(activate)
    };
    for set in sets() {
        for (channels, store) in (1..=80).chain([312, 768]).flat_map(|channels| stores().map(move |s| (channels, s))) {
            let rows = 1 + channels % 5;
            let (row_sums, row_outputs) = (channels + channels % 7, channels + channels % 3);
            let tile = Tile { rows, channels, row_sums, row_outputs };
            let sums: Vec<i32> = (0..rows * row_sums).map(|_| (random.next() >> 38) as i32 - (1 << 25)).collect();
            let scales: Vec<f32> = (0..channels).map(|_| random.unit() * 1e-2).collect();
            let channel_sums: Vec<i32> = (0..channels).map(|_| (random.next() >> 44) as i32 - (1 << 19)).collect();
            let bias: Vec<f32> = (0..channels).map(|_| random.unit()).collect();
            let row_scales: Vec<RowScale> = (0..rows)
                .map(|_| RowScale { scale: random.unit() * 1e-3, zero: (random.next() % 256) as i32 })
                .collect();
            let per_channel = Channels { scales: &scales, sums: &channel_sums, bias: &bias };
            let mut want: Vec<f32> = (0..rows * row_outputs + 1).map(|_| random.unit()).collect();
            let mut got = want.clone();
            Kernels::SCALAR.dequantize(&tile, &sums, &row_scales, &per_channel, store, &mut want[1..]);
            set.dequantize(&tile, &sums, &row_scales, &per_channel, store, &mut got[1..]);
            assert_same(&got, &want, || format!("{set:?} {tile:?} {store:?}"));
        }
    }
}

#[test]
fn dequantization_follows_its_formula() {
    let tile = Tile { rows: 1, channels: 2, row_sums: 2, row_outputs: 2 };
    let channels = Channels { scales: &[0.5, 0.25], sums: &[10, -3], bias: &[1.0, -1.0] };
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        let mut out = [100.0, 200.0];
        set.dequantize(&tile, &[100, 50], &[RowScale { scale: 2.0, zero: 4 }], &channels, Store::Add, &mut out);
        assert_eq!(out, [100.0 + 61.0, 200.0 + 30.0], "{set:?}");
    }
}

#[test]
fn integer_linears() {
    let mut random = Random(9);
    let activations = [Activation::Gelu, Activation::GeluTanh, Activation::Relu, Activation::Silu];
    let stores: Vec<Store> =
        [Store::Write, Store::Add].into_iter().chain(activations.into_iter().map(Store::Activate)).collect();
    let sizes = (1..=70)
        .chain([96, 100, 129])
        .zip([1, 15, 16, 17, 31, 32, 33, 48, 64, 65, 80, 96, 130, 312].into_iter().cycle());
    for set in sets() {
        let offset = set.activation_offset();
        for ((rows, channels), steps) in sizes.clone().zip([1, 7, 16, 17, 31, 32, 49, 64].into_iter().cycle()) {
            let row_bytes = (steps * 4usize).next_multiple_of(64);
            let row_outputs = channels + rows % 4;
            let size = LinearProduct { rows, row_bytes, steps, channels, row_outputs, continues: true };
            let bytes = Bytes::Random.fill(rows * row_bytes, &mut random);
            let weights =
                Weights { steps, values: Bytes::Random.fill(channels.div_ceil(16) * steps * 64, &mut random) };
            let channel_sums: Vec<i32> = (0..channels).map(|channel| weights.sum(channel)).collect();
            let scales: Vec<f32> = (0..channels).map(|_| random.unit() * 1e-2).collect();
            let bias: Vec<f32> = (0..channels).map(|_| random.unit()).collect();
            let row_scales: Vec<RowScale> = (0..rows)
                .map(|_| RowScale { scale: random.unit() * 1e-3, zero: (random.next() % 255) as i32 - 127 })
                .collect();
            let per_channel = Channels { scales: &scales, sums: &channel_sums, bias: &bias };
            let before: Vec<f32> = (0..rows * row_outputs + 1).map(|_| random.unit()).collect();
            let mut sums = vec![0; rows * 64];
            for &store in &stores {
                let mut run = |kernels: Kernels, offset: i32| {
                    let stored: Vec<u8> = bytes.iter().map(|&a| (i32::from(a) + offset) as u8).collect();
                    let rows: Vec<_> =
                        row_scales.iter().map(|row| RowScale { zero: row.zero + offset, ..*row }).collect();
                    let mut out = before.clone();
                    let end = 1 + (size.rows - 1) * row_outputs + channels;
                    let written = &mut out[1..end];
                    kernels.linear_i8(&size, &stored, &weights.values, &rows, &per_channel, store, written, &mut sums);
                    out
                };
                let (got, want) = (run(set, offset), run(Kernels::SCALAR, 0));
                assert_same(&got, &want, || format!("{set:?} {size:?} {store:?}"));
                assert_ne!(want[1].to_bits(), before[1].to_bits(), "{size:?} {store:?} did nothing");
            }
        }
    }
}

#[test]
fn ranges_and_quantization() {
    let mut random = Random(11);
    for set in sets() {
        for (n, kind) in lengths().chain([0]).flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
            let mut x = kind.fill(n + 1, &mut random);
            let x = &mut x[1..];
            let (want, got) = (Kernels::SCALAR.range(x), set.range(x));
            assert_same(&[got.0, got.1], &[want.0, want.1], || format!("{set:?} range {kind:?} {n}"));

            let size = (got.1 - got.0).max(1e-30);
            let inverse = [254.0 / size, 1e-3 / size, 4e6 / size][n % 3];
            let zero = (random.next() % 255) as i32 - 127;
            let offset = set.activation_offset();
            let (mut want, mut got) = (vec![0xee; n + 2], vec![0xee; n + 2]);
            Kernels::SCALAR.quantize(x, inverse, zero, &mut want[1..=n]);
            set.quantize(x, inverse, zero, &mut got[1..=n]);
            for byte in &mut want[1..=n] {
                *byte = (i32::from(*byte as i8) + offset) as u8;
            }
            assert_eq!(got, want, "{set:?} quantize {kind:?} {n}");
        }
        let x = [f32::NAN, 3.0, -2.0, f32::NAN];
        assert_eq!(set.range(&x), (-2.0, 3.0), "{set:?}");
        assert_eq!(set.range(&[f32::NAN; 33]), (0.0, 0.0), "{set:?}");
        let mut out = [0; 6];
        set.quantize(&[0.5, 1.5, 2.5, -0.5, 300.0, -300.0], 1.0, 0, &mut out);
        let values = out.map(|byte| (i32::from(byte) - set.activation_offset()) as i8);
        assert_eq!(values, [0, 2, 2, 0, 127, -127], "{set:?} rounds ties to even and clamps");
    }
}

/// What `docs/numerics.md` says of a row, slot by slot.
fn quantized_row(x: &[f32], channels: &[u32], offset: i32) -> (Vec<u8>, RowScale) {
    let slots = |channel: usize| 1 + channels.iter().filter(|&&split| split as usize == channel).count() as i32;
    let shares = x.iter().enumerate().map(|(channel, &x)| x / slots(channel) as f32);
    let (low, high) = shares.fold((0.0f32, 0.0f32), |(low, high), share| (low.min(share), high.max(share)));
    let (scale, inverse) = if high - low < 1e-30 { (0.0, 0.0) } else { ((high - low) / 254.0, 254.0 / (high - low)) };
    let zero = (-127.0 - low * inverse).round_ties_even() as i32;
    let part = |channel: usize, rank: i32| {
        let count = slots(channel);
        let total = ((x[channel] * inverse).round_ties_even() as i32 + count * zero).clamp(-127 * count, 127 * count);
        (total.div_euclid(count) + i32::from(rank < total.rem_euclid(count)) + offset) as u8
    };
    let own = (0..x.len()).map(|channel| part(channel, 0));
    let rank = |index: usize| channels[..=index].iter().filter(|&&channel| channel == channels[index]).count() as i32;
    let extra = channels.iter().enumerate().map(|(index, &channel)| part(channel as usize, rank(index)));
    (own.chain(extra).collect(), RowScale { scale, zero: zero + offset })
}

#[test]
fn quantization_of_rows() {
    let mut random = Random(14);
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        for (n, kind) in lengths().flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
            // Some channels several times, some lists longer than a vector.
            let mut channels: Vec<u32> = (0..n % 41).map(|_| (random.next() % (n as u64).min(29)) as u32).collect();
            channels.sort_unstable();
            let count = |channel: u32| channels.iter().filter(|&&other| other == channel).count();
            let copies: Vec<f32> = channels.iter().map(|&channel| (count(channel) + 1) as f32).collect();
            let first = |channel: u32| channels.partition_point(|&other| other < channel);
            let ranks: Vec<f32> = (1..).zip(&channels).map(|(i, &channel)| (i - first(channel)) as f32).collect();
            let splits = Splits { channels: &channels, copies: &copies, ranks: &ranks };

            let mut x = kind.fill(n, &mut random);
            let before = x.clone();
            let (mut bytes, mut saved) = (vec![0xee; n + channels.len() + 3], vec![0.0; channels.len()]);
            let got = set.quantize_row(&mut x, &splits, &mut saved, &mut bytes);
            let (mut want, row) = quantized_row(&before, &channels, set.activation_offset());
            want.extend([0xee; 3]);
            assert_same(&x, &before, || format!("{set:?} input {kind:?} {n}"));
            assert_eq!(bytes, want, "{set:?} {kind:?} {n} {channels:?}");
            assert_eq!((got.scale.to_bits(), got.zero), (row.scale.to_bits(), row.zero), "{set:?} {kind:?} {n}");
        }
    }
}

#[test]
fn quantization_of_heads() {
    let mut random = Random(12);
    for set in sets() {
        for (size, kind) in (1..=80).chain([127, 312]).flat_map(|size| Floats::ALL.map(|kind| (size, kind))) {
            let heads = 1 + size % 5;
            let x = kind.fill(heads * size, &mut random);
            let stride = size + size % 7;
            let run = |set: Kernels, signed: bool| {
                let mut bytes = vec![0xee; heads * stride + 1];
                let mut scales = guard_f32(heads + 1);
                let out = &mut bytes[1..1 + (heads - 1) * stride + size];
                if signed {
                    set.quantize_heads_signed(&x, size, stride, out, &mut scales);
                } else {
                    set.quantize_heads(&x, size, stride, out, &mut scales);
                }
                (bytes, scales)
            };
            let (signed, scales) = run(Kernels::SCALAR, true);
            let mut shifted = signed.clone();
            for index in (0..heads * size).map(|index| 1 + index / size * stride + index % size) {
                shifted[index] = (i32::from(shifted[index] as i8) + set.activation_offset()) as u8;
            }
            for (want, got) in [(signed, run(set, true)), (shifted, run(set, false))] {
                assert_eq!(got.0, want, "{set:?} {kind:?} {heads} x {size}");
                assert_same(&got.1, &scales, || format!("{set:?} scales {kind:?} {heads} x {size}"));
            }
        }
        let (mut bytes, mut scales) = ([9; 6], [9.0; 2]);
        set.quantize_heads_signed(&[-254.0, 3.0, f32::NAN, 0.0, 0.0, 0.0], 3, 3, &mut bytes, &mut scales);
        assert_eq!((bytes[0] as i8, bytes[1], &bytes[3..], scales), (-127, 2, &[0; 3][..], [2.0, 0.0]), "{set:?}");
    }
}

#[test]
fn layer_norms() {
    let mut random = Random(13);
    for set in sets() {
        for (n, kind) in lengths().flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
            // Rows that a set may take together, and some more; the elements around them stay.
            let rows = 1 + n % 9;
            let mut want = kind.fill(rows * n + 2, &mut random);
            let (weight, bias) = (Floats::Normal.fill(n, &mut random), Floats::Normal.fill(n, &mut random));
            let mut got = want.clone();
            Kernels::SCALAR.layer_norm(&mut want[1..=rows * n], n, &weight, &bias, 1e-12);
            set.layer_norm(&mut got[1..=rows * n], n, &weight, &bias, 1e-12);
            assert_same(&got, &want, || format!("{set:?} layer norm {kind:?} {rows} x {n}"));
        }
    }
}

#[test]
fn softmaxes() {
    let mut random = Random(17);
    for set in sets() {
        let offset = set.activation_offset();
        for (n, spread) in lengths().flat_map(|n| [0u64, 1000, 1_000_000, 1 << 31].map(|spread| (n, spread))) {
            let scores: Vec<i32> = (0..n)
                .map(|_| (random.next() % (2 * spread + 1)) as i64 as i32)
                .map(|x| x.wrapping_sub(spread as i32))
                .collect();
            let offsets: Vec<i32> = (0..n).map(|_| (random.next() % 100_000) as i32).collect();
            let scales: Vec<f32> = (0..n).map(|_| (random.unit() + 1.1) * 1e-3).collect();
            for value in [1.0, 1e-20, 1e-34, 0.0] {
                let value_scales: Vec<f32> = (0..n).map(|_| (random.unit() + 1.1) * value).collect();
                let keys = Keys { offsets: &offsets, scales: &scales, value_scales: &value_scales };
                let (mut want, mut got) = (vec![0xee; n + 2], vec![0xee; n + 2]);
                let (mut want_scratch, mut got_scratch) = (guard_f32(n + 2), guard_f32(n + 2));
                let want_scale =
                    Kernels::SCALAR.softmax(&scores, &keys, 0.18, &mut want_scratch[1..=n], &mut want[1..=n]);
                let got_scale = set.softmax(&scores, &keys, 0.18, &mut got_scratch[1..=n], &mut got[1..=n]);
                let what = || format!("{set:?} softmax of {n}, scores to {spread}, values {value}");
                for byte in &mut want[1..=n] {
                    *byte = (i32::from(*byte as i8) + offset) as u8;
                }
                assert_eq!(got, want, "{}", what());
                assert_same(&[got_scale], &[want_scale], what);
                assert_same(&got_scratch, &want_scratch, what);
            }
        }
        for (n, kind) in lengths().flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
            let mut want = kind.fill(n + 2, &mut random);
            let mut got = want.clone();
            Kernels::SCALAR.softmax_f32(&mut want[1..=n], 1.25);
            set.softmax_f32(&mut got[1..=n], 1.25);
            assert_same(&got, &want, || format!("{set:?} softmax_f32 {kind:?} {n}"));
        }
    }
}

/// Softmax against f64: probabilities times value scales, to half a step.
#[test]
fn softmax_is_a_softmax() {
    let mut random = Random(19);
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        let (n, offset) = (77, set.activation_offset());
        let scores: Vec<i32> = (0..n).map(|_| (random.unit() * 2000.0) as i32).collect();
        let (offsets, scales) = (vec![5; n], vec![1e-2; n]);
        let value_scales: Vec<f32> = (0..n).map(|_| random.unit() + 1.5).collect();
        let keys = Keys { offsets: &offsets, scales: &scales, value_scales: &value_scales };
        let (mut scratch, mut out) = (vec![0.0; n], vec![0; n]);
        let scale = set.softmax(&scores, &keys, 0.3, &mut scratch, &mut out);
        let powers: Vec<f64> = scores.iter().map(|&score| (f64::from(score - 5) * 1e-2 * 0.3).exp2()).collect();
        let total: f64 = powers.iter().sum();
        for ((byte, power), value_scale) in out.iter().zip(powers).zip(value_scales) {
            let value = (i32::from(*byte) - offset) as i8;
            let got = f64::from(i32::from(value) + 127) * f64::from(scale);
            let want = power / total * f64::from(value_scale);
            assert!((got - want).abs() <= f64::from(scale) * 0.501, "{set:?}: {got} not {want}");
        }
    }
}
