//! Any bytes as a model file: refused, or read and run.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    albert_tests::robust::model_file(bytes);
});
