//! The models: checkpoints of `tests/fixtures` with a small tokenizer and labels, quantized.

use std::fs;
use std::path::{Path, PathBuf};

use albert_quant::{Options, Weights, convert};
use serde_json::{Map, Value, json};

/// A model, the checkpoint that it is made from, its weights, and its labels.
type Recipe = (&'static str, &'static str, Weights, &'static [&'static str]);

const RECIPES: [Recipe; 10] = [
    ("text-classification", "sequence-classification-narrow", Weights::Int8, &["bad", "so-so", "good"]),
    ("text-classification-int4", "sequence-classification-narrow", Weights::Int4, &["bad", "so-so", "good"]),
    ("inference", "sequence-classification-narrow", Weights::Int8, &["contradiction", "neutral", "entailment"]),
    ("ranker", "sequence-classification-regression", Weights::Int8, &["relevance"]),
    (
        "token-classification",
        "token-classification-narrow",
        Weights::Int8,
        &["O", "B-place", "I-place", "B-way", "I-way", "O", "B-place", "I-place", "O"],
    ),
    ("question-answering", "question-answering-long", Weights::Int8, &[]),
    ("multiple-choice", "multiple-choice-narrow", Weights::Int8, &[]),
    ("fill-mask", "masked-lm-narrow", Weights::Int8, &[]),
    ("pretraining", "pre-training-narrow", Weights::Int8, &[]),
    ("encoder", "model-narrow", Weights::Int8, &[]),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

/// Writes all models.
pub(crate) fn write(folder: &Path) {
    for (name, checkpoint, weights, labels) in RECIPES {
        let place = tempfile::tempdir().expect("a folder");
        let from = fixtures().join(checkpoint);
        let config = fs::read_to_string(from.join("config.json")).expect("a configuration");
        let mut config: Map<String, Value> = serde_json::from_str(&config).expect("JSON");
        if !labels.is_empty() {
            let names = labels.iter().enumerate().map(|(index, name)| (index.to_string(), json!(name)));
            config.insert("id2label".to_owned(), Value::Object(names.collect()));
            let ids = labels.iter().enumerate().map(|(index, name)| ((*name).to_owned(), json!(index)));
            config.insert("label2id".to_owned(), Value::Object(ids.collect()));
        }
        fs::write(place.path().join("config.json"), Value::Object(config).to_string()).expect("writable");
        fs::copy(from.join("model.safetensors"), place.path().join("model.safetensors")).expect("a copy");
        let tokenizer = fixtures().join("pipelines/unigram.json");
        fs::copy(tokenizer, place.path().join("tokenizer.json")).expect("a copy");
        let mut options = Options::default();
        options.weights = weights;
        let converted = convert(place.path(), &options).expect("a model");
        fs::write(folder.join(format!("{name}.albert")), &*converted.bytes).expect("writable");
    }
}
