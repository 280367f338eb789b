//! The same weights in every container (`tests/fixtures/generate.py`) give the same file; damaged containers give errors.

use std::fs;
use std::path::{Path, PathBuf};

use albert_core::Model;
use albert_core::config::{Activation, Head};
use albert_quant::{Converted, Error, HeadChoice, Options, Weights, convert};

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

/// A directory with the fixture's configuration and its weights under other names, or with an index of one shard.
#[test]
fn other_names_and_single_shards_do_not_change_the_file() {
    let expected = converted(&fixture("safetensors"), Weights::Fp32).unwrap();
    let cases = [
        ("bin", "pytorch_model.bin", "step_1000000.t7", None),
        ("bin-legacy", "pytorch_model.bin", "weights.t7", None),
        ("keras", "tf_model.h5", "tf_model-00001-of-00001.h5", Some("tf_model.h5.index.json")),
        ("flax", "flax_model.msgpack", "flax_model-00001-of-00001.msgpack", Some("flax_model.msgpack.index.json")),
    ];
    for (directory, from, to, index) in cases {
        let own = tempfile::tempdir().unwrap();
        fs::copy(fixture(directory).join("config.json"), own.path().join("config.json")).unwrap();
        fs::copy(fixture(directory).join(from), own.path().join(to)).unwrap();
        if let Some(index) = index {
            let map = serde_json::json!({ "weight_map": { "params/albert/embeddings/LayerNorm/bias": to } });
            fs::write(own.path().join(index), map.to_string()).unwrap();
        }
        let found = converted(own.path(), Weights::Fp32).unwrap_or_else(|error| panic!("{to}: {error}"));
        assert!(*found.bytes == *expected.bytes, "{to}");
    }
}

/// Name of a head's directory, which is the name that `--head` takes.
fn name_of(head: Head) -> &'static str {
    let names = [
        "none",
        "sequence-classification",
        "token-classification",
        "question-answering",
        "multiple-choice",
        "masked-lm",
        "pretraining",
    ];
    names.into_iter().find(|name| name.parse::<HeadChoice>() == Ok(HeadChoice::Use(head))).unwrap()
}

/// One file for each container, as the library that it comes from has written it.
#[test]
fn every_head_comes_out_of_every_container_alike() {
    const FILES: [&str; 6] = [
        "model.safetensors",
        "pytorch_model.bin",
        "legacy.bin",
        "tf_model.h5",
        "flax_model.msgpack",
        "model.ckpt-best.index",
    ];
    for &head in Head::ALL {
        let directory = fixture("heads").join(name_of(head));
        for weights in [Weights::Int8, Weights::Fp16, Weights::Fp32] {
            let expected = converted(&directory, weights).unwrap();
            assert_eq!(Model::from_bytes(&expected.bytes).unwrap().config().head, head);
            for file in FILES {
                let found = converted(&directory.join(file), weights);
                let found = found.unwrap_or_else(|error| panic!("{head:?}, {file}: {error}"));
                assert!(*found.bytes == *expected.bytes, "{head:?}, {file}, {weights:?}");
                assert_eq!(found.warnings, expected.warnings, "{head:?}, {file}");
            }
        }
    }
}

/// A checkpoint of the first release: another configuration file, no embedding mapping, optimizer state, a training step in
/// its name.
#[test]
fn original_checkpoints_are_complete() {
    for weights in [Weights::Int8, Weights::Fp16, Weights::Fp32] {
        let expected = converted(&fixture("original-expected"), weights).unwrap();
        let found = converted(&fixture("original"), weights).unwrap();
        assert!(*found.bytes == *expected.bytes, "{weights:?}");
        assert_eq!(found.warnings, expected.warnings);
        let model = Model::from_bytes(&found.bytes).unwrap();
        assert_eq!((model.config().head, model.config().hidden_act), (Head::PreTraining, Activation::GeluTanh));
    }
}

#[test]
fn of_several_training_steps_one_must_be_chosen() {
    let copy = copy_of("original");
    for (end, file) in [("index", "model.ckpt-7.index"), ("data-00000-of-00001", "model.ckpt-7.data-00000-of-00001")] {
        fs::copy(copy.path().join(file), copy.path().join(format!("model.ckpt-90.{end}"))).unwrap();
    }
    let error = converted(copy.path(), Weights::Fp32).unwrap_err();
    assert!(matches!(&error, Error::SeveralWeights { files, .. } if files.len() == 2), "{error}");
    let line = error.to_string();
    assert!(line.contains("model.ckpt-7.index, model.ckpt-90.index; give the path of one"), "{line}");
    converted(&copy.path().join("model.ckpt-90.index"), Weights::Fp32).unwrap();
}

fn copy_of(directory: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixture(directory)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

/// Converts a copy of a fixture whose weights file was changed.
fn changed(directory: &str, file: &str, change: impl Fn(&mut Vec<u8>)) -> Result<Converted, Error> {
    let copy = copy_of(directory);
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

/// `torch.tensor(1.0).expand(10**12, 10**12)` under two names of the same tensor: a few bytes that claim a yottabyte.
#[test]
fn tensors_are_not_larger_than_their_files() {
    let error = changed("bin-legacy", "pytorch_model.bin", |bytes| {
        let header = bytes[..15].iter().copied().chain(*b"\x80\x02M\xe9\x03.");
        let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
        let global = |module: &str, name: &str| format!("c{module}\n{name}\n").into_bytes();
        let huge = |value: u64| [&b"\x8a\x08"[..], &value.to_le_bytes()].concat();
        let id = [&b"("[..], &text("storage"), &global("torch", "FloatStorage"), &text("0"), &text("cpu"), b"K\x01tQ"]
            .concat();
        let sizes = [huge(1 << 40), huge(1 << 40), b"\x86".to_vec()].concat();
        let rebuild = global("torch._utils", "_rebuild_tensor_v2");
        let tensor = [&rebuild[..], b"(", &id, b"K\x00", &sizes, b"K\x00K\x00\x86\x89N", b"tR"].concat();
        let (one, two) = (text("pooler.weight"), text("albert.pooler.weight"));
        let state = [&b"\x80\x02}("[..], &one, &tensor, &two, &tensor, b"u."].concat();
        let keys = [&b"\x80\x02]"[..], &text("0"), b"a."].concat();
        let system = b"\x80\x02}.".to_vec();
        let storage = [&1u64.to_le_bytes()[..], &1f32.to_le_bytes()].concat();
        *bytes = header.chain([system, state, keys, storage].concat()).collect();
    });
    let line = error.unwrap_err().to_string();
    assert!(line.contains("lies outside its storage"), "{line}");
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
