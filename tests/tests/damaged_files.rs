//! Damaged model files: every truncation and every flipped byte is refused with a typed error or runs, whatever it computes.

use albert_core::{FormatError, Model};
use albert_tests::aligned::Aligned;
use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;
use albert_tests::robust;

const INT8: Storage = Storage::Int8(Inputs { extra: 3, smoothing: true });

#[test]
fn truncations() {
    for name in ["model-minute", "pre-training-narrow"] {
        let file = load(name, INT8);
        for length in 0..file.len() {
            let error = Model::from_bytes(&file[..length]).err();
            let expected = match length {
                0..64 => FormatError::Truncated { needed: 64 },
                _ => FormatError::FileBytes { stated: file.len() as u64, actual: length as u64 },
            };
            assert_eq!(error, Some(expected), "{name}, {length} bytes");
        }
    }
}

/// A truncated file whose header is none the wiser.
#[test]
fn consistent_truncations() {
    let file = load("model-minute", INT8);
    for length in 64..file.len() {
        let mut file = Aligned::copy(&file[..length]);
        file[16..24].copy_from_slice(&(length as u64).to_le_bytes());
        assert!(Model::from_bytes(&file).is_err(), "{length} bytes");
    }
}

#[test]
fn flipped_bytes_int8() {
    flip_every_byte("model-minute", INT8);
}

#[test]
fn flipped_bytes_codebook() {
    flip_every_byte("model-minute", Storage::Codebook(32, Inputs { extra: 3, smoothing: true }));
}

#[test]
fn flipped_bytes_float() {
    flip_every_byte("model-minute", Storage::F32);
}

#[test]
fn flipped_bytes_heads() {
    for name in ["sequence-classification-square", "question-answering-square", "pre-training-square"] {
        let file = load(name, INT8);
        // Header, directory, configuration and records; the tensors of a larger model are not worth the time.
        let end = file.len().min(5000);
        flip(name, &file, 0..end);
    }
}

fn flip_every_byte(name: &str, storage: Storage) {
    let file = load(name, storage);
    flip(name, &file, 0..file.len());
}

/// Flips single bits and whole bytes; runs what is accepted.
fn flip(name: &str, file: &[u8], range: std::ops::Range<usize>) {
    let mut file = Aligned::copy(file);
    let (mut refused, mut ran) = (0, 0);
    for at in range {
        for mask in (0..8).map(|bit| 1 << bit).chain([0xff]) {
            file[at] ^= mask;
            match Model::from_bytes(&file) {
                Err(_) => refused += 1,
                // Bits of tensor data differ little: one of them will do.
                Ok(model) if mask == 1 << (at % 8) => ran += usize::from(robust::run(&model)),
                Ok(_) => {}
            }
            file[at] ^= mask;
        }
    }
    println!("{name}: {refused} refused, {ran} accepted and run");
    assert!(refused > 0 && ran > 0);
}

fn load(name: &str, storage: Storage) -> Aligned {
    Parts::new(&Reference::load(&fixtures::load(name).directory), storage).assemble()
}
