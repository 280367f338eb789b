//! Any bytes as the configuration of a small checkpoint: refused, or converted to a model file that runs, within memory and time
//! that its size warrants.
#![no_main]

use albert_fuzz::oracle::Limits;
use albert_tests::robust;

static WEIGHTS: &[u8] =
    include_bytes!("../../albert-quant/tests/fixtures/heads/sequence-classification/model.safetensors");

/// Five conversions, each with five seconds of its own.
const LIMITS: Limits = Limits { seconds: 30, ..Limits::DEFAULT };

albert_fuzz::target!(LIMITS, |bytes| check(bytes));

fn check(bytes: &[u8]) {
    robust::checkpoint(bytes, &[("model.safetensors", WEIGHTS)]);
}
