//! Any bytes as the configuration of a small checkpoint: refused, or converted to a model file that runs, within memory and time
//! that its size warrants.
#![no_main]

use albert_fuzz::one_of;
use albert_quant::Weights;
use albert_tests::robust;

static WEIGHTS: &[u8] =
    include_bytes!("../../albert-quant/tests/fixtures/heads/sequence-classification/model.safetensors");

albert_fuzz::target!(|bytes| check(bytes));

fn check(bytes: &[u8]) {
    robust::checkpoint_to(&[one_of(&Weights::ALL, bytes)], bytes, &[("model.safetensors", WEIGHTS)]);
}
