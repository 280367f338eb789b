//! The engine against the outputs of the original framework, on model files written from the specification.

use albert_core::kernels::Kernels;
use albert_tests::engine::{self, Run};
use albert_tests::fixtures::{self, Fixture};
use albert_tests::measure::{cosine, largest, max_abs};
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;

/// Largest difference relative to the largest value, for f32 weights. The originals' own error is up to 3e-6; the order of
/// the sums is each kernel set's own.
const F32_TOLERANCE: f64 = 1e-5;
/// Smallest cosine for f16 weights.
const F16_COSINE: f64 = 0.99999;
/// Smallest mean over all fixtures, and smallest of all, of the worst cosine of an output row, for int8 weights rounded to nearest.
/// Random weights at widths of 9 to 156 average out little: over a dozen equally good choices of scales the worst row of all was
/// between 0.9932 and 0.9977 (three logits), on every instruction set alike.
const INT8_COSINES: [f64; 2] = [0.999, 0.992];
/// The same with a split list and a smoothing vector that are as bad as can be: chosen without looking at the data. The worst row
/// was between 0.967 and 0.981.
const INT8_ADVERSE_COSINES: [f64; 2] = [0.996, 0.96];

#[test]
fn f32_weights() {
    for kernels in engine::all_kernels() {
        for (fixture, closeness) in measure_all(Storage::F32, kernels) {
            assert!(closeness.error <= F32_TOLERANCE, "{}, {}: {:e}", fixture.name, kernels.name(), closeness.error);
        }
    }
}

#[test]
fn f16_weights() {
    for kernels in engine::all_kernels() {
        for (fixture, closeness) in measure_all(Storage::F16, kernels) {
            assert!(closeness.cosine >= F16_COSINE, "{}, {}: {}", fixture.name, kernels.name(), closeness.cosine);
        }
    }
}

#[test]
fn integer_weights() {
    let kernels = Run::default().kernels;
    let split = Inputs { extra: 5, smoothing: false };
    let adverse = Inputs { extra: 7, smoothing: true };
    let storages = [
        (Storage::INT8, INT8_COSINES),
        (Storage::Int8(split), INT8_COSINES),
        (Storage::Int8(adverse), INT8_ADVERSE_COSINES),
        (Storage::Mixed, INT8_COSINES),
    ];
    for (storage, [mean, least]) in storages {
        println!("{storage:?}");
        let all: Vec<_> = measure_all(storage, kernels).collect();
        let average = all.iter().map(|(_, closeness)| closeness.cosine).sum::<f64>() / all.len() as f64;
        println!("mean of the worst cosines {average:.5}");
        assert!(average >= mean, "{storage:?}: {average}");
        for (fixture, closeness) in all {
            println!("{:36} worst cosine {:.5}, error {:.3}", fixture.name, closeness.cosine, closeness.error);
            assert!(closeness.cosine >= least, "{}, {storage:?}: {}", fixture.name, closeness.cosine);
        }
    }
}

/// Stopping after some layers gives what a network of that many layers gives.
#[test]
fn fewer_layers() {
    let fixture = fixtures::load("model-narrow");
    let mut reference = Reference::load(&fixture.directory);
    let file = Parts::new(&reference, Storage::F32).assemble();
    for layers in 1..=3 {
        reference.config.num_hidden_layers = layers;
        let run = Run { layers: Some(layers as u32), ..Run::default() };
        for (row, results) in engine::run(&file, &fixture.sequences, &run).iter().enumerate() {
            let expected = &reference.run(&fixture.sequences[row])["last_hidden_state"];
            let expected = fixture.attended("last_hidden_state", row, expected);
            let values: Vec<f64> = results["last_hidden_state"].iter().map(|&value| value.into()).collect();
            assert!(max_abs(&values, &expected) <= F32_TOLERANCE * largest(&expected), "{layers} layers, row {row}");
        }
    }
}

/// The worst over all rows and outputs of a fixture.
struct Closeness {
    error: f64,
    cosine: f64,
}

fn measure_all(storage: Storage, kernels: Kernels) -> impl Iterator<Item = (Fixture, Closeness)> {
    fixtures::all().into_iter().map(move |fixture| {
        let file = Parts::new(&Reference::load(&fixture.directory), storage).assemble();
        let closeness = measure(&fixture, &file, kernels);
        (fixture, closeness)
    })
}

fn measure(fixture: &Fixture, file: &[u8], kernels: Kernels) -> Closeness {
    let mut worst = Closeness { error: 0.0, cosine: 1.0 };
    let mut compared = 0;
    let results = engine::run(file, &fixture.sequences, &Run { kernels, ..Run::default() });
    for (row, results) in results.iter().enumerate() {
        for (_, values, expected) in engine::expected(fixture, row, results) {
            worst.error = worst.error.max(max_abs(&values, &expected) / largest(&expected));
            worst.cosine = worst.cosine.min(cosine(&values, &expected));
            compared += 1;
        }
    }
    assert_eq!(compared, fixture.outputs.len() * fixture.sequences.len(), "{}: every output is compared", fixture.name);
    worst
}
