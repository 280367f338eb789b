//! Any bytes as the configuration of a small checkpoint: refused, or converted to a model file that runs, within memory and time
//! that its size warrants.
#![no_main]

use albert_tests::memory::Counting;
use albert_tests::robust;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static WEIGHTS: &[u8] =
    include_bytes!("../../albert-quant/tests/fixtures/heads/sequence-classification/model.safetensors");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    robust::checkpoint(bytes, &[("model.safetensors", WEIGHTS)]);
});
