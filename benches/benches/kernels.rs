//! Kernel sets: integer products over the weights of one ALBERT-base layer, against the measured peak of the
//! instructions they are made of, and row kernels per element. `docs/notes/kernels-x86.md` keeps the results.

#[cfg(target_arch = "x86_64")]
mod x86_peak;

use albert_core::config::Activation;
use albert_core::format::layout::{CodebookLayout, LEVELS_5, dtype};
use albert_core::kernels::internals::{
    Channels, CodebookPanel, FloatProduct, Keys, Levels, Product, RowScale, Splits, Store, Tile,
};
use albert_core::kernels::{self, Kernels};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

/// Channels that the encoder multiplies at a time.
const GROUP_CHANNELS: usize = 64;

/// Output channels and inputs of the six matrices of a layer.
const LAYER: [(usize, usize); 6] = [(768, 768), (768, 768), (768, 768), (768, 768), (3072, 768), (768, 3072)];

/// Memory that starts on a cache line, as the model file's tensors and the arena do.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Bytes in 1..=127, so that they are alike as i8 and as u8.
fn lines(bytes: usize) -> Vec<Line> {
    (0..bytes.div_ceil(64)).map(|i| Line(std::array::from_fn(|j| ((i * 31 + j * 7) % 127 + 1) as u8))).collect()
}

fn as_u8(lines: &[Line]) -> &[u8] {
    // SAFETY: a line is 64 bytes without padding.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * 64) }
}

fn as_i8(lines: &[Line]) -> &[i8] {
    // SAFETY: a line is 64 bytes without padding, and every byte is an i8.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * 64) }
}

fn as_i8_mut(lines: &mut [Line]) -> &mut [i8] {
    // SAFETY: a line is 64 bytes without padding, and every byte is an i8.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 64) }
}

fn sets() -> impl Iterator<Item = Kernels> {
    kernels::compiled().iter().filter_map(|set| set.kernels())
}

/// One layer in the encoder's order: matrix by matrix, 64 channels at a time, so that weights come from where they lie.
fn layer(set: Kernels, rows: usize, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let mut rest = w;
    for (channels, places) in LAYER {
        for _ in 0..channels / GROUP_CHANNELS {
            let (group, next) = rest.split_at(GROUP_CHANNELS * places);
            let panels = GROUP_CHANNELS / 16;
            let size = Product {
                rows,
                row_bytes: places,
                k_groups: places / 4,
                panels,
                row_sums: GROUP_CHANNELS,
                prefetch: true,
            };
            set.matmul_i8(&size, a, group, sums);
            rest = next;
        }
    }
}

fn integer_products(c: &mut Criterion) {
    let weights: usize = LAYER.iter().map(|(channels, places)| channels * places).sum();
    let w = lines(weights);
    for set in sets() {
        let mut group = c.benchmark_group(format!("matmul_i8 {}", set.name()));
        for rows in [1, 4, 8, 16, 32, 64, 128] {
            let a = lines(rows * 3072);
            let mut sums = vec![0; rows * GROUP_CHANNELS];
            group.throughput(Throughput::Elements((rows * weights) as u64));
            group.bench_function(BenchmarkId::from_parameter(rows), |b| {
                b.iter(|| layer(set, rows, as_u8(&a), as_i8(&w), black_box(&mut sums)));
            });
        }
        group.finish();
    }
}

/// The larger codebook; which one it is does not matter for speed.
static FIVE_BITS: Levels = Levels::new(LEVELS_5);

/// The same layer from codebook panels: four panels are expanded at a time, then multiplied, as the encoder does.
fn codebook_layer(set: Kernels, rows: usize, dtype: u8, a: &[u8], panels: &[u8], scratch: &mut [i8], sums: &mut [i32]) {
    const PANELS: usize = 4;
    let mut rest = panels;
    for (channels, places) in LAYER {
        let layout = CodebookLayout::new(dtype, places);
        let size = Product {
            rows,
            row_bytes: places,
            k_groups: places / 4,
            panels: PANELS,
            row_sums: GROUP_CHANNELS,
            prefetch: false,
        };
        for first in (0..channels).step_by(PANELS * 16) {
            let (pair, next) = rest.split_at(PANELS * layout.bytes);
            for (panel, out) in pair.chunks(layout.bytes).zip(scratch.chunks_exact_mut(places * 16)) {
                let multipliers: &[i8] = bytemuck::cast_slice(&panel[layout.multipliers..][..4 * layout.units]);
                let codes = CodebookPanel {
                    levels: &FIVE_BITS,
                    codes: panel[..layout.high_bits].as_chunks().0,
                    high_bits: panel[layout.high_bits..layout.multipliers].as_chunks().0,
                    multipliers: multipliers.as_chunks().0,
                    prefetch: PANELS * layout.bytes,
                };
                set.expand(&codes, out);
            }
            set.matmul_i8(&size, a, scratch, &mut sums[first % GROUP_CHANNELS..]);
            rest = next;
        }
    }
}

fn codebook_products(c: &mut Criterion) {
    let weights: usize = LAYER.iter().map(|(channels, places)| channels * places).sum();
    for (name, dtype) in [("16 levels", dtype::C4), ("32 levels", dtype::C5)] {
        let bytes =
            LAYER.iter().map(|&(channels, places)| channels / 16 * CodebookLayout::new(dtype, places).bytes).sum();
        let panels = lines(bytes);
        let mut scratch = lines(4 * 16 * 3072);
        for set in sets() {
            let mut group = c.benchmark_group(format!("{name} {}", set.name()));
            for rows in [1, 4, 8, 16, 32, 64, 128] {
                let a = lines(rows * 3072);
                let mut sums = vec![0; rows * GROUP_CHANNELS];
                group.throughput(Throughput::Elements((rows * weights) as u64));
                group.bench_function(BenchmarkId::from_parameter(rows), |b| {
                    let scratch = as_i8_mut(&mut scratch);
                    b.iter(|| {
                        codebook_layer(set, rows, dtype, as_u8(&a), as_u8(&panels), scratch, black_box(&mut sums))
                    });
                });
            }
            group.finish();
        }
    }
}

fn float_products(c: &mut Criterion) {
    let (inputs, panels, rows) = (768, 4, 16);
    let (a, w) = (vec![0.5; rows * inputs], vec![0.25; panels * inputs * 16]);
    let halves = vec![0x3400; panels * inputs * 16];
    let mut out = vec![0.0; rows * panels * 16];
    let size = FloatProduct { rows, row_inputs: inputs, inputs, panels, row_outputs: panels * 16 };
    let mut group = c.benchmark_group("matmul_float");
    group.throughput(Throughput::Elements((rows * inputs * panels * 16) as u64));
    for set in sets() {
        let id = |kind: &str| BenchmarkId::new(kind, set.name());
        group.bench_function(id("f32"), |b| b.iter(|| set.matmul_f32(&size, &a, &w, black_box(&mut out))));
        group.bench_function(id("f16"), |b| b.iter(|| set.matmul_f16(&size, &a, &halves, black_box(&mut out))));
    }
    group.finish();
}

fn row_kernels(c: &mut Criterion) {
    const N: usize = 768;
    let x: Vec<f32> = (0..N).map(|i| (i as f32 * 0.37).sin() * 4.0).collect();
    let (weight, bias) = (vec![1.1; N], vec![0.1; N]);
    let sums: Vec<i32> = (0..N as i32).map(|i| i * 7919 % 500_000 - 250_000).collect();
    let (zeros, scales) = (vec![0; N], vec![1e-3; N]);
    let mut bytes = vec![0; N];
    let mut scratch = vec![0.0; N];
    for set in sets() {
        let mut group = c.benchmark_group(format!("row {}", set.name()));
        group.throughput(Throughput::Elements(N as u64));
        let mut out = x.clone();
        group.bench_function("quantize_row", |b| {
            b.iter(|| set.quantize_row(black_box(&mut out), &Splits::default(), &mut [], &mut bytes));
        });
        group.bench_function("layer_norm", |b| {
            b.iter(|| set.layer_norm(black_box(&mut out), N, &weight, &bias, 1e-12));
        });
        let keys = Keys { offsets: &zeros, scales: &scales, value_scales: &weight };
        group.bench_function("softmax", |b| {
            b.iter(|| set.softmax(black_box(&sums), &keys, 0.1, &mut scratch, &mut bytes));
        });
        let tile = Tile { rows: 1, channels: N, row_sums: N, row_outputs: N };
        let channels = Channels { scales: &scales, sums: &zeros, bias: &bias };
        let row = [RowScale { scale: 0.02, zero_point: 131 }];
        for (name, store) in [
            ("dequantize", Store::Write),
            ("dequantize, gelu", Store::Activate(Activation::Gelu)),
            ("dequantize, gelu_tanh", Store::Activate(Activation::GeluTanh)),
        ] {
            group.bench_function(name, |b| {
                b.iter(|| set.dequantize(&tile, black_box(&sums), &row, &channels, store, &mut out));
            });
        }
        group.finish();
    }
}

/// The speed of the instructions alone: nothing is loaded, no result is waited for.
fn peaks(c: &mut Criterion) {
    #[cfg(target_arch = "x86_64")]
    {
        let mut group = c.benchmark_group("peak");
        for peak in x86_peak::PEAKS.iter().filter(|peak| kernels::by_name(peak.set).is_ok()) {
            group.throughput(Throughput::Elements(peak.products));
            // SAFETY: the set is available on this CPU.
            group.bench_function(peak.set, |b| b.iter(|| unsafe { (peak.run)() }));
        }
        group.finish();
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = c;
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1)).sample_size(20);
    targets = peaks, integer_products, codebook_products, float_products, row_kernels
}
criterion_main!(benches);
