//! The models: checkpoints of `tests/fixtures` with a small tokenizer and labels, quantized.

use std::fs;
use std::path::{Path, PathBuf};

use albert_edge::Model;
use albert_edge::albert_core::config::{Classifier, Pooling, ProblemType};
use albert_quant::{ClassifierWeights, Options, Weights, convert};
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

/// The head file, for the model `encoder`.
pub(crate) const HEAD: &str = "encoder.head";
pub(crate) const HEAD_LABELS: [&str; 5] = ["way", "place", "water", "person", "none of these"];

/// A head whose weights are made up: any will do to compare bits.
fn write_head(folder: &Path) {
    let encoder = Model::open(folder.join("encoder.albert")).expect("a model");
    let width = encoder.config().hidden_size as usize;
    let weights: Vec<f32> =
        (0..HEAD_LABELS.len() * width).map(|at| ((at * at + 3 * at) % 17) as f32 / 8.0 - 1.0).collect();
    let labels = HEAD_LABELS.map(str::to_owned);
    let classifier = Classifier {
        num_labels: HEAD_LABELS.len() as u32,
        problem_type: ProblemType::SingleLabel,
        pooling: Pooling::Mean,
        temperature: 1.5,
        threshold: 0.25,
    };
    let bias = [0.25, -0.5, 0.0, 0.125, 0.0];
    let head = ClassifierWeights {
        classifier,
        labels: &labels,
        weights: &weights,
        bias: &bias,
        int8: true,
        provenance: json!({}),
    };
    let bytes = albert_quant::head_file(encoder.as_core(), &head).expect("a head for this encoder");
    fs::write(folder.join(HEAD), &*bytes).expect("writable");
}

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
    write_head(folder);
}
