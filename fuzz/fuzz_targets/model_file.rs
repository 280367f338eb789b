//! Any bytes as a model file: refused, or read and run. Mutations keep the length valid.
#![no_main]

use albert_fuzz::libfuzzer_sys::{fuzz_mutator, fuzzer_mutate};
use albert_fuzz::structure;

albert_fuzz::target!(|bytes| albert_tests::robust::model_file(bytes));

fuzz_mutator!(|bytes: &mut [u8], length: usize, most: usize, seed: u32| {
    structure::mutate(bytes, length, seed, |bytes, length| fuzzer_mutate(bytes, length, most))
});
