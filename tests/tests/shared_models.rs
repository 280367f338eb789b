//! Trained models, when they are at hand: how close each kind of weights comes to the original framework's outputs.

use albert_quant::{Calibration, Options, Weights, convert};
use albert_tests::closeness::Closeness;
use albert_tests::engine::{self, Results, Run};
use albert_tests::{fixtures, page};

/// What is asked of an output. A row is a sequence, or a token where the output has a row for each.
struct Bounds {
    output: &'static str,
    /// Largest absolute difference for f32 weights.
    f32_error: f64,
    int8: Closest,
    mixed: Closest,
    int4: Closest,
}

/// Least mean, 1 % and 0.1 % quantile of the rows' cosines, and least share of rows whose largest element is the right one.
type Closest = [f64; 4];

/// Least 0.1 % quantile of the rows' cosines for f16 weights.
const F16_COSINE: f64 = 0.99999;

/// The head of a model's table.
const HEAD: &str = "\
| model | output | weights | vectors | largest error | as a share of the largest value | mean cosine | 1 % | 0.1 % | same best element |
|---|---|---|--:|--:|--:|--:|--:|--:|--:|";

/// Rows for a model without tokenizer.
const PHONEMES: &str = include_str!("../data/phonemes.jsonl");

#[test]
fn clinc_intents() {
    let int8 = [0.9999, 0.9995, 0.9995, 1.0];
    let (mixed, int4) = ([0.9996, 0.999, 0.999, 0.96], [0.998, 0.993, 0.993, 0.93]);
    check("clinc-intents", &[Bounds { output: "logits", f32_error: 2e-4, int8, mixed, int4 }]);
}

#[test]
fn plbert() {
    // The quantiles are those of 3,156 tokens that were not looked at before.
    let int8 = [0.9995, 0.9983, 0.994, 0.0];
    let (mixed, int4) = ([0.9975, 0.99, 0.97, 0.0], [0.9925, 0.975, 0.95, 0.0]);
    check("plbert", &[Bounds { output: "last_hidden_state", f32_error: 1e-3, int8, mixed, int4 }]);
}

#[test]
fn snips_slots() {
    let (int8, mixed, int4) = ([0.9998, 0.999, 0.999, 0.99], [0.999, 0.98, 0.98, 0.98], [0.995, 0.9, 0.9, 0.95]);
    check("snips-slots", &[Bounds { output: "logits", f32_error: 2e-4, int8, mixed, int4 }]);
}

#[test]
fn mlm_small() {
    let (int8, mixed, int4) = ([0.9998, 0.999, 0.999, 0.97], [0.998, 0.98, 0.98, 0.9], [0.99, 0.9, 0.9, 0.8]);
    let predictions = Bounds { output: "prediction_logits", f32_error: 2e-4, int8, mixed, int4 };
    let (int8, mixed, int4) = ([0.9995, 0.999, 0.999, 1.0], [0.995, 0.98, 0.98, 0.9], [0.97, 0.8, 0.8, 0.8]);
    check("mlm-small", &[predictions, Bounds { output: "sop_logits", f32_error: 2e-4, int8, mixed, int4 }]);
}

#[test]
fn minilm_as_albert() {
    let int8 = [0.9992, 0.9965, 0.9965, 0.0];
    let (mixed, int4) = ([0.996, 0.98, 0.98, 0.0], [0.987, 0.96, 0.96, 0.0]);
    check("minilm-as-albert", &[Bounds { output: "last_hidden_state", f32_error: 2e-4, int8, mixed, int4 }]);
}

/// Converts a model to each kind of weights and compares the outputs. An integer model gives the same bits on every kernel set.
fn check(model: &str, outputs: &[Bounds]) {
    let Some(fixture) = fixtures::shared(model) else { return };
    let phonemes: Vec<Vec<u32>> = PHONEMES.lines().map(input_ids).collect();
    let (mut rows, mut missed) = (Vec::new(), Vec::new());
    for weights in Weights::ALL {
        let mut options = Options::default();
        options.weights = weights;
        if model == "plbert" {
            options.calibration = Calibration::Ids(&phonemes);
        }
        let file = convert(&fixture.directory, &options).unwrap_or_else(|error| panic!("{model}: {error}")).bytes;
        let results = engine::run(&file, &fixture.sequences, &Run::default());
        for bounds in outputs {
            let closeness = Closeness::new(&fixture, bounds.output, &results);
            let row = format!("| {model} | {} | {} {closeness} |", bounds.output, weights.name());
            let held = match weights {
                Weights::Fp32 => closeness.max_abs <= bounds.f32_error,
                Weights::Fp16 => closeness.cosines.cosine_p01 >= F16_COSINE,
                Weights::Int8 => is_within(&closeness, bounds.int8),
                Weights::Mixed => is_within(&closeness, bounds.mixed),
                Weights::Int4 => is_within(&closeness, bounds.int4),
                other => panic!("no bounds for {}", other.name()),
            };
            if !held {
                missed.push(row.clone());
            }
            rows.push(row);
        }
        if !matches!(weights, Weights::Fp16 | Weights::Fp32) {
            for kernels in engine::all_kernels() {
                let sequences = &fixture.sequences[..2];
                let others = engine::run(&file, sequences, &Run { kernels, ..Run::default() });
                assert!(bits(&others) == bits(&results[..2]), "{model}: {kernels:?} gives other bits");
            }
        }
    }
    page::hold("fidelity.md", model, HEAD, &rows);
    assert!(missed.is_empty(), "bounds missed:\n{}", missed.join("\n"));
}

fn is_within(Closeness { cosines, agreement, .. }: &Closeness, bounds: Closest) -> bool {
    let found = [cosines.cosine_mean, cosines.cosine_p1, cosines.cosine_p01, *agreement];
    found.iter().zip(bounds).all(|(&found, bound)| found >= bound)
}

/// The ids of a row in JSON.
fn input_ids(row: &str) -> Vec<u32> {
    let row: serde_json::Value = serde_json::from_str(row).expect("a row in JSON");
    serde_json::from_value(row["input_ids"].clone()).expect("ids")
}

fn bits(results: &[Results]) -> Vec<u32> {
    results.iter().flat_map(|results| results.values().flatten()).map(|value| value.to_bits()).collect()
}
