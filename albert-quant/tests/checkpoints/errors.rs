//! Every way a checkpoint can be wrong has an error that names the culprit.

use std::path::Path;

use crate::support::{Checkpoint, HIDDEN};
use albert_core::config::Head;
use albert_quant::{Error, HeadChoice, Options, Weights, convert};
use safetensors::Dtype;
use serde_json::json;

const FFN: &str = "albert.encoder.albert_layer_groups.1.albert_layers.0.ffn.weight";

fn message(path: &Path, weights: Weights, head: HeadChoice) -> String {
    let mut options = Options::default();
    (options.weights, options.head) = (weights, head);
    convert(path, &options).unwrap_err().to_string().replace(path.to_str().unwrap(), "DIR")
}

fn error(change: impl FnOnce(&mut Checkpoint)) -> String {
    error_with(Weights::Int8, HeadChoice::Auto, change)
}

fn error_with(weights: Weights, head: HeadChoice, change: impl FnOnce(&mut Checkpoint)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let mut checkpoint = Checkpoint::classifier(3);
    change(&mut checkpoint);
    checkpoint.write(directory.path());
    message(directory.path(), weights, head)
}

#[test]
fn missing_tensors_are_named() {
    assert_eq!(
        error(|checkpoint| drop(checkpoint.tensors.remove(FFN))),
        "tensor encoder.albert_layer_groups.1.albert_layers.0.ffn.weight is missing"
    );
    let needs = |name: &str, head: &str| {
        format!("tensor {name} is missing; the head {head} needs it (choose another with --head)")
    };
    assert_eq!(
        error(|checkpoint| drop(checkpoint.tensors.remove("albert.pooler.weight"))),
        needs("pooler.weight", "sequence-classification")
    );
    assert_eq!(
        error(|checkpoint| drop(checkpoint.tensors.remove("classifier.weight"))),
        needs("classifier.weight", "sequence-classification")
    );
    assert_eq!(
        error_with(Weights::Int8, HeadChoice::Use(Head::QuestionAnswering), |_| ()),
        needs("qa_outputs.weight", "question-answering")
    );
    assert_eq!(
        error_with(Weights::Int8, HeadChoice::Use(Head::MaskedLm), |_| ()),
        needs("predictions.dense.weight", "masked-lm")
    );
}

#[test]
fn shapes_are_compared_with_the_configuration() {
    let found = |change: fn(&mut Checkpoint)| error(change);
    assert_eq!(
        found(|checkpoint| checkpoint.random(FFN, &[20, HIDDEN])),
        "tensor encoder.albert_layer_groups.1.albert_layers.0.ffn.weight has shape [20, 12]; the configuration asks for \
         [21, 12]"
    );
    assert_eq!(
        found(|checkpoint| checkpoint.random("albert.pooler.bias", &[HIDDEN, 1])),
        "tensor pooler.bias has shape [12, 1]; the configuration asks for [12]"
    );
    assert_eq!(
        found(|checkpoint| checkpoint.config["vocab_size"] = json!(38)),
        "tensor embeddings.word_embeddings.weight has shape [37, 6]; the configuration asks for [38, 6]"
    );
    assert_eq!(
        error_with(Weights::Int8, HeadChoice::Use(Head::MultipleChoice), |_| ()),
        "the head multiple-choice has 1 outputs, tensor classifier.weight has 3 rows"
    );
}

#[test]
fn element_types_are_those_of_weights() {
    let found = error(|checkpoint| {
        let tensor = checkpoint.tensor(FFN);
        *tensor = tensor.encoded(Dtype::I8, |_| [1]);
    });
    assert_eq!(
        found,
        "tensor encoder.albert_layer_groups.1.albert_layers.0.ffn.weight has element type I8; expected f32, f16, bf16 or f64"
    );
}

#[test]
fn weights_are_finite() {
    let found = |weights, name: &'static str, at: usize, value: f32| {
        error_with(weights, HeadChoice::Auto, move |checkpoint| {
            checkpoint.tensor(name).bytes[4 * at..4 * at + 4].copy_from_slice(&value.to_le_bytes());
        })
    };
    for weights in [Weights::Int8, Weights::Fp16, Weights::Fp32] {
        let name = "encoder.albert_layer_groups.1.albert_layers.0.ffn.weight";
        assert_eq!(found(weights, FFN, 12 * 20 + 5, f32::NAN), format!("tensor {name} holds NaN at [20, 5]"));
        assert_eq!(found(weights, "albert.pooler.bias", 7, f32::INFINITY), "tensor pooler.bias holds inf at [7]");
        let position = "albert.embeddings.position_embeddings.weight";
        let expected = "tensor embeddings.position_embeddings.weight holds -inf at [0, 1]";
        assert_eq!(found(weights, position, 1, f32::NEG_INFINITY), expected);
    }
    assert_eq!(
        found(Weights::Fp16, "classifier.weight", 13, 70_000.0),
        "tensor classifier.weight holds 70000 at [1, 1], too large for fp16; use int8 or fp32"
    );
}

#[test]
fn tensors_that_contradict_each_other_are_refused() {
    let found = error(|checkpoint| {
        checkpoint.random("pooler.weight", &[HIDDEN, HIDDEN]);
    });
    assert_eq!(found, "tensor pooler.weight occurs twice with different values");
}

#[test]
fn configurations_are_checked() {
    let set = |key: &'static str, value: serde_json::Value| error(move |checkpoint| checkpoint.config[key] = value);
    let network = set("model_type", json!("modernbert"));
    assert!(network.starts_with("DIR/config.json: model_type \"modernbert\" is another network"), "{network}");
    assert_eq!(set("hidden_act", json!("geglu")), "DIR/config.json: unknown hidden_act \"geglu\"");
    assert_eq!(set("hidden_size", json!(null)), "DIR/config.json: hidden_size is missing");
    assert_eq!(
        set("architectures", json!(["AlbertForPoetry"])),
        "DIR/config.json: unknown architecture \"AlbertForPoetry\"; choose a head with --head"
    );
}

#[test]
fn files_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let found = || message(path, Weights::Int8, HeadChoice::Auto);
    assert!(found().starts_with("no weights in DIR: expected model.safetensors"), "{}", found());
    let missing = path.join("nowhere");
    let error = convert(&missing, &Options::default()).unwrap_err();
    assert!(matches!(&error, Error::Read { path, .. } if *path == missing), "{error}");
    Checkpoint::classifier(3).write(path);
    std::fs::remove_file(path.join("config.json")).unwrap();
    assert!(found().starts_with("cannot read DIR/config.json: "), "{}", found());
    std::fs::write(path.join("notes.txt"), "hello").unwrap();
    let error = convert(&path.join("notes.txt"), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::UnknownContainer { .. }), "{error}");
}

#[test]
fn shards_are_neighbours_and_complete() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let checkpoint = Checkpoint::classifier(3);
    checkpoint.write_sharded(path);
    let index = path.join("model.safetensors.index.json");
    let text = std::fs::read_to_string(&index).unwrap();
    let found = || message(path, Weights::Int8, HeadChoice::Auto);
    std::fs::write(&index, text.replace("model-00001-of", "../model-00001-of")).unwrap();
    assert!(found().contains("shard \"../model-00001-of-00002.safetensors\" is not a file name"), "{}", found());
    std::fs::write(
        &index,
        text.replace("\"weight_map\":{", "\"weight_map\":{\"x\":\"model-00001-of-00002.safetensors\","),
    )
    .unwrap();
    assert!(found().ends_with("tensor x is not in model-00001-of-00002.safetensors"), "{}", found());
    std::fs::write(&index, &text).unwrap();
    std::fs::remove_file(path.join("model-00002-of-00002.safetensors")).unwrap();
    assert!(found().starts_with("cannot read DIR/model-00002-of-00002.safetensors: "), "{}", found());
    std::fs::write(&index, "{}").unwrap();
    assert!(found().contains("weight_map"), "{}", found());
}

#[test]
fn damaged_containers_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    Checkpoint::classifier(3).write(path);
    let weights = path.join("model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize + 8;
    let lengths = (0..header).step_by(97).chain(header - 9..header + 9).chain([bytes.len() - 1]);
    for length in lengths {
        std::fs::write(&weights, &bytes[..length]).unwrap();
        let error = convert(path, &Options::default()).unwrap_err();
        assert!(matches!(error, Error::Container { .. } | Error::Read { .. }), "{length}: {error}");
    }
    for at in (0..header).step_by(13) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&weights, &damaged).unwrap();
        // Whatever it says: no panic, and an error wherever the damage matters.
        let _ = convert(path, &Options::default());
    }
}
