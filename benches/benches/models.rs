//! One layer and whole models, one thread: synthetic models with the best kernels for this CPU.
//!
//! `cargo bench -p albert-benches --bench models`

use albert_benches::Inference;
use albert_core::kernels;
use albert_quant::{Geometry, Weights};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

/// Tokens of the inputs.
const LENGTHS: [usize; 4] = [8, 32, 128, 512];

fn models(c: &mut Criterion) {
    let kinds = [
        (Geometry::Base, Weights::Int8),
        (Geometry::Base, Weights::Fp16),
        (Geometry::Base, Weights::Fp32),
        (Geometry::Tiny, Weights::Int8),
    ];
    for (geometry, weights) in kinds {
        let name = format!("{} {}", geometry.name(), weights.name());
        for (what, one_layer) in [("layer", true), ("model", false)] {
            let mut group = c.benchmark_group(format!("{what} {name}"));
            for tokens in LENGTHS {
                let mut inference = Inference::new(geometry, weights, kernels::detect(), tokens);
                if one_layer {
                    inference = inference.of_one_layer();
                }
                group.throughput(Throughput::Elements(tokens as u64));
                group.bench_function(BenchmarkId::from_parameter(tokens), |b| b.iter(|| inference.run()));
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1)).sample_size(10);
    targets = models
}
criterion_main!(benches);
