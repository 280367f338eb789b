//! Any bytes as a head file and as an index file: refused, or classified with and searched. Mutations keep the length valid.
#![no_main]

use std::sync::OnceLock;

use albert_core::Model;
use albert_fuzz::libfuzzer_sys::{fuzz_mutator, fuzzer_mutate};
use albert_fuzz::{models, structure};
use albert_tests::aligned::Aligned;
use albert_tests::robust;

albert_fuzz::target!(init: encoder(), |bytes| {
    let encoder = Model::from_bytes(encoder()).expect("a valid model");
    robust::head_file(bytes, &encoder) || robust::index_file(bytes)
});

fuzz_mutator!(|bytes: &mut [u8], length: usize, most: usize, seed: u32| {
    structure::mutate(bytes, length, seed, |bytes, length| fuzzer_mutate(bytes, length, most))
});

fn encoder() -> &'static [u8] {
    static ENCODER: OnceLock<Aligned> = OnceLock::new();
    ENCODER.get_or_init(models::encoder)
}
