//! Trained models, when they are at hand: how close each kind of weights comes to the original framework's outputs.

use albert_quant::{Options, Weights, convert};
use albert_tests::closeness::Closeness;
use albert_tests::engine::{self, Results, Run};
use albert_tests::fixtures;

/// What is asked of an output. A row is a sequence, or a token where the output has a row for each.
struct Bounds {
    output: &'static str,
    /// Largest absolute difference for f32 weights.
    f32_error: f64,
    /// Smallest mean of the rows' cosines for int8 weights.
    int8_mean: f64,
    /// Smallest cosine of a row for int8 weights.
    int8_worst: f64,
    /// Smallest share of rows whose largest element is the right one, for int8 weights.
    agreement: f64,
}

/// Smallest cosine of a row for f16 weights.
const F16_COSINE: f64 = 0.99999;

const fn bounds(output: &'static str, f32_error: f64, int8: [f64; 3]) -> Bounds {
    let [int8_mean, int8_worst, agreement] = int8;
    Bounds { output, f32_error, int8_mean, int8_worst, agreement }
}

#[test]
fn clinc_intents() {
    check("clinc-intents", &[bounds("logits", 2e-4, [0.9998, 0.9995, 1.0])]);
}

#[test]
fn plbert() {
    check("plbert", &[bounds("last_hidden_state", 1e-3, [0.9985, 0.994, 0.0])]);
}

#[test]
fn snips_slots() {
    check("snips-slots", &[bounds("logits", 2e-4, [0.9998, 0.999, 0.99])]);
}

#[test]
fn mlm_small() {
    let predictions = bounds("prediction_logits", 2e-4, [0.9998, 0.999, 0.97]);
    check("mlm-small", &[predictions, bounds("sop_logits", 2e-4, [0.9995, 0.999, 1.0])]);
}

#[test]
fn minilm_as_albert() {
    check("minilm-as-albert", &[bounds("last_hidden_state", 2e-4, [0.999, 0.99, 0.0])]);
}

/// Converts a model to each kind of weights and compares the outputs. An int8 model gives the same bits on every kernel set.
fn check(model: &str, outputs: &[Bounds]) {
    let Some(fixture) = fixtures::shared(model) else { return };
    let mut missed = Vec::new();
    for weights in [Weights::Fp32, Weights::Fp16, Weights::Int8] {
        let mut options = Options::default();
        options.weights = weights;
        let file = convert(&fixture.directory, &options).unwrap_or_else(|error| panic!("{model}: {error}")).bytes;
        let results = engine::run(&file, &fixture.sequences, &Run::default());
        for bounds in outputs {
            let closeness = Closeness::new(&fixture, bounds.output, &results);
            let line = format!("| {model} | {} | {} {closeness} |", bounds.output, weights.name());
            println!("{line}");
            let held = match weights {
                Weights::Fp32 => closeness.max_abs <= bounds.f32_error,
                Weights::Fp16 => closeness.worst >= F16_COSINE,
                _ => {
                    closeness.mean >= bounds.int8_mean
                        && closeness.worst >= bounds.int8_worst
                        && closeness.agreement >= bounds.agreement
                }
            };
            if !held {
                missed.push(line);
            }
        }
        if weights == Weights::Int8 {
            for kernels in engine::all_kernels() {
                let sequences = &fixture.sequences[..2];
                let others = engine::run(&file, sequences, &Run { kernels, ..Run::default() });
                assert!(bits(&others) == bits(&results[..2]), "{model}: {kernels:?} gives other bits");
            }
        }
    }
    assert!(missed.is_empty(), "bounds missed:\n{}", missed.join("\n"));
}

fn bits(results: &[Results]) -> Vec<u32> {
    results.iter().flat_map(|results| results.values().flatten()).map(|value| value.to_bits()).collect()
}
