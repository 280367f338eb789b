//! Any bytes as a checkpoint: refused, or converted to a model file that runs. Four bytes of length, `config.json`, and
//! the rest is `model.safetensors`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    if let Some((config, weights)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) {
        albert_tests::robust::checkpoint(config, weights);
    }
});
