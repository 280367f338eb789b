//! Instructions that one layer, whole models and the tokenizer take, counted by Valgrind's Callgrind: the same on an idle machine
//! and on a busy one. Valgrind knows no AVX-512, so the kernels are those for AVX2.
//!
//! `cargo xtask instructions` compares with the recorded counts; it needs Valgrind and `gungraun-runner`.

#![allow(missing_docs, reason = "the harness's macros make public items")]

use std::hint::black_box;

use albert_benches::Inference;
use albert_core::kernels;
use albert_core::tokenizer::EncodeOptions;
use albert_quant::{Geometry, Weights};
use albert_tests::tokenizers::{Section, unigram_json, wordpiece_json};
use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};

/// English prose with names, digits and marks.
const TEXT: &str =
    "Set an alarm for 7:30 a.m., please, and tell me what the weather is like in San Francisco tomorrow.";

fn whole(geometry: Geometry, weights: Weights, kernels: &str, tokens: usize) -> Inference {
    let kernels = kernels::by_name(kernels).expect("a CPU with AVX2");
    let mut inference = Inference::new(geometry, weights, kernels, tokens);
    inference.run();
    inference
}

fn one_layer(geometry: Geometry, weights: Weights, kernels: &str, tokens: usize) -> Inference {
    whole(geometry, weights, kernels, tokens).of_one_layer()
}

#[library_benchmark]
#[bench::base_int8_8(args = (Geometry::Base, Weights::Int8, "avx2", 8), setup = one_layer)]
#[bench::base_int8_64(args = (Geometry::Base, Weights::Int8, "avx2", 64), setup = one_layer)]
#[bench::base_fp16_8(args = (Geometry::Base, Weights::Fp16, "avx2", 8), setup = one_layer)]
#[bench::base_fp32_8(args = (Geometry::Base, Weights::Fp32, "avx2", 8), setup = one_layer)]
fn layer(mut inference: Inference) -> Vec<f32> {
    black_box(inference.run())
}

#[library_benchmark]
#[bench::base_int8_16(args = (Geometry::Base, Weights::Int8, "avx2", 16), setup = whole)]
#[bench::tiny_int8_16(args = (Geometry::Tiny, Weights::Int8, "avx2", 16), setup = whole)]
#[bench::tiny_int8_128(args = (Geometry::Tiny, Weights::Int8, "avx2", 128), setup = whole)]
#[bench::tiny_int8_16_scalar(args = (Geometry::Tiny, Weights::Int8, "scalar", 16), setup = whole)]
fn model(mut inference: Inference) -> Vec<f32> {
    black_box(inference.run())
}

fn section(json: serde_json::Value) -> (Section, Vec<u8>) {
    (Section::json(json.to_string().as_bytes()), vec![0; 1 << 16])
}

#[library_benchmark]
#[bench::unigram(args = (unigram_json()), setup = section)]
#[bench::wordpiece(args = (wordpiece_json()), setup = section)]
fn tokenizer((section, mut memory): (Section, Vec<u8>)) -> usize {
    let encoding = section.tokenizer().encode(black_box(TEXT), None, &EncodeOptions::default(), &mut memory);
    encoding.expect("a text that fits").len()
}

library_benchmark_group!(name = inference; benchmarks = layer, model);
library_benchmark_group!(name = text; benchmarks = tokenizer);
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = inference, text
);
