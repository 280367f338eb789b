//! Every head on small checkpoints of several geometries, as `albert quantize` converts them, against the outputs of the
//! original framework. The table in `docs/fidelity.md` has what is measured here.

use albert_core::Model;
use albert_core::config::Head;
use albert_quant::{Options, Weights, convert};
use albert_tests::closeness::Closeness;
use albert_tests::engine::{self, Run};
use albert_tests::{fixtures, page};

/// Largest difference for f32 weights, as a share of the largest value.
const F32_ERROR: f64 = 2e-5;
/// Least 1 % quantile of the rows' cosines for f16 weights.
const F16_COSINE: f64 = 0.99999;
/// The same for int8 weights. Random weights at widths of 9 to 156 average out little, and there are no outlier
/// channels for the OCS places; what counts is how trained models do (`shared_models.rs`).
const INT8_COSINE: f64 = 0.995;

/// The head of the table.
const HEAD: &str = "\
| fixture | output | vectors | fp32: largest error | as a share of the largest value | fp16: 1 % quantile | int8: mean | int8: 1 % quantile | int8: same best element |
|---|---|--:|--:|--:|--:|--:|--:|--:|";

#[test]
fn every_head_in_every_geometry() {
    let (mut geometries, mut rows, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    for fixture in fixtures::all() {
        let files = [Weights::Fp32, Weights::Fp16, Weights::Int8].map(|weights| {
            let mut options = Options::default();
            options.weights = weights;
            convert(&fixture.directory, &options).unwrap_or_else(|error| panic!("{}: {error}", fixture.name)).bytes
        });
        let config = *Model::from_bytes(&files[0]).expect("a valid model file").config();
        geometries.push((config.head, config.hidden_size, config.num_hidden_groups));
        let results = files.map(|file| engine::run(&file, &fixture.sequences, &Run::default()));
        for output in fixture.outputs.keys() {
            let [f32, f16, int8] = results.each_ref().map(|results| Closeness::new(&fixture, output, results));
            let row = format!(
                "| {} | {output} | {} | {:.1e} | {:.1e} | {:.7} | {:.5} | {:.5} | {:.1} % |",
                fixture.name,
                f32.cosines.vectors,
                f32.max_abs,
                f32.relative,
                f16.cosines.cosine_p1,
                int8.cosines.cosine_mean,
                int8.cosines.cosine_p1,
                100.0 * int8.agreement
            );
            if f32.relative > F32_ERROR || f16.cosines.cosine_p1 < F16_COSINE || int8.cosines.cosine_p1 < INT8_COSINE {
                missed.push(row.clone());
            }
            rows.push(row);
        }
    }
    assert!(missed.is_empty(), "bounds missed:\n{}", missed.join("\n"));
    page::hold("fidelity.md", "every head", HEAD, &rows);
    for &head in Head::ALL {
        let mut own: Vec<(u32, u32)> = geometries.iter().filter(|of| of.0 == head).map(|of| (of.1, of.2)).collect();
        own.sort_unstable();
        own.dedup();
        assert!(own.len() >= 3 && own.iter().any(|&(_, groups)| groups > 1), "{head:?}: {own:?}");
    }
}
