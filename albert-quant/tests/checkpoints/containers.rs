//! The same weights in every container (`tests/fixtures/generate.py`) give the same file; damaged containers give errors.

use std::fs;
use std::path::{Path, PathBuf};

use albert_quant::{Converted, Error, Options, Weights, convert};

/// Directory and weights file of each container; the first is what the others are compared with.
const CONTAINERS: [(&str, &str); 7] = [
    ("safetensors", "model.safetensors"),
    ("bin", "pytorch_model.bin"),
    ("bin-legacy", "pytorch_model.bin"),
    ("bin-sharded", "pytorch_model.bin.index.json"),
    ("keras", "tf_model.h5"),
    ("flax", "flax_model.msgpack"),
    ("tensorflow", "model.ckpt-best.index"),
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn converted(path: &Path, weights: Weights) -> Result<Converted, Error> {
    let mut options = Options::default();
    options.weights = weights;
    convert(path, &options)
}

#[test]
fn containers_do_not_change_the_file() {
    for weights in [Weights::Int8, Weights::Fp16, Weights::Fp32] {
        let expected = converted(&fixture("safetensors"), weights).unwrap();
        for (directory, file) in CONTAINERS {
            let found = converted(&fixture(directory), weights).unwrap_or_else(|error| panic!("{directory}: {error}"));
            assert!(*found.bytes == *expected.bytes, "{directory}, {weights:?}");
            assert_eq!(found.warnings, expected.warnings, "{directory}");
            let by_file = converted(&fixture(directory).join(file), weights).unwrap();
            assert!(*by_file.bytes == *expected.bytes, "{directory}/{file}");
        }
    }
}

/// Converts a copy of a fixture whose weights file was changed.
fn changed(directory: &str, file: &str, change: impl Fn(&mut Vec<u8>)) -> Result<Converted, Error> {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixture(directory)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = copy.path().join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
    converted(copy.path(), Weights::Fp32)
}

/// Files of each container that hold its structure.
const STRUCTURE: [(&str, &str); 7] = [
    ("bin", "pytorch_model.bin"),
    ("bin-legacy", "pytorch_model.bin"),
    ("bin-sharded", "pytorch_model-00001-of-00002.bin"),
    ("keras", "tf_model.h5"),
    ("flax", "flax_model.msgpack"),
    ("tensorflow", "model.ckpt-best.index"),
    ("tensorflow", "model.ckpt-best.data-00000-of-00001"),
];

#[test]
fn truncated_containers_are_refused() {
    for (directory, file) in STRUCTURE {
        let length = fs::read(fixture(directory).join(file)).unwrap().len();
        for keep in (0..length).step_by(length / 40).chain(length - 8..length) {
            let error = match changed(directory, file, |bytes| bytes.truncate(keep)) {
                Err(error) => error,
                // The end may be metadata or a step counter, which nobody needs.
                Ok(_) if directory == "keras" || (file.contains("data") && keep + 8 >= length) => continue,
                Ok(_) => panic!("{directory}/{file}: {keep} of {length} bytes are enough"),
            };
            let line = error.to_string();
            assert!(!line.contains('\n') && line.len() > 10, "{directory}/{file}: {line:?}");
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for (directory, file) in STRUCTURE {
        let length = fs::read(fixture(directory).join(file)).unwrap().len();
        for at in (0..length).step_by(length / 150) {
            for mask in [0x01, 0x80, 0xff] {
                let _ = changed(directory, file, |bytes| bytes[at] ^= mask);
            }
        }
    }
}

#[test]
fn pickles_are_never_executed() {
    let evil = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.";
    let error = changed("bin-legacy", "pytorch_model.bin", |bytes| {
        // Magic number and protocol of the form before version 1.6, then the pickle that is to be refused.
        let header = bytes[..15].iter().copied().chain(*b"\x80\x02M\xe9\x03.");
        *bytes = header.chain(evil.iter().copied()).collect();
    });
    let line = error.unwrap_err().to_string();
    assert!(line.contains("posix.system") && line.contains("nothing was executed"), "{line}");
}

#[test]
fn deep_pickles_are_no_trouble() {
    let error = changed("bin-legacy", "pytorch_model.bin", |bytes| {
        let header = bytes[..15].iter().copied().chain(*b"\x80\x02M\xe9\x03.");
        let nested = [b"\x80\x02)".as_slice(), &[0x85; 3_000_000], b"."].concat();
        *bytes = header.chain(nested).collect();
    });
    assert!(error.unwrap_err().to_string().contains("pickle"), "an error, not an overflow");
}
