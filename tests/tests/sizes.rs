//! The bytes of albert-base in `docs/quantization.md`.

use albert_core::config::Head;
use albert_quant::{Geometry, Options, Weights, synth};
use albert_tests::page;

#[test]
fn albert_base_in_every_format() {
    let row = |weights: Weights| {
        let mut options = Options::default();
        options.weights = weights;
        let converted = synth(Geometry::Base, Head::None, 0, &options).expect("a model");
        format!("| `{}` | {} |", weights.name(), converted.bytes.len())
    };
    let rows = [Weights::Fp32, Weights::Fp16, Weights::Int8, Weights::Int4].map(row);
    page::hold_exactly("quantization.md", "albert-base", "| `--weights` | file, bytes |\n|---|--:|", &rows);
}
