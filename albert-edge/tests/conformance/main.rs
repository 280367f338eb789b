//! Every task on small models against recorded results: the same bits on every machine and from every language.
//!
//! `conformance/` holds the models and `conformance.json`, which the tests of all bindings read; its README describes it.
//! `cargo xtask conformance` writes both anew.

mod cases;
mod models;

use std::fs;
use std::path::{Path, PathBuf};

use albert_edge::albert_core::Positions;
use albert_edge::{
    EncodeOptions, Engine, Error, HeadFile, Model, Options, Pipeline, Prototypes, Request, SentenceEmbedding,
};
use serde_json::{Value, json};

/// Where models and results are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance")
}

fn recorded() -> Value {
    let text = fs::read_to_string(folder().join("conformance.json")).expect("conformance.json");
    serde_json::from_str(&text).expect("JSON")
}

fn path(name: &Value) -> PathBuf {
    folder().join(name.as_str().expect("a name"))
}

/// The model of a case, with a head file beside it if the case names one.
fn open(case: &Value) -> Model {
    let model = Model::open(path(&case["model"])).expect("a model");
    if case["head"].is_null() {
        return model;
    }
    model.with_head(&HeadFile::open(path(&case["head"])).expect("a head file")).expect("a head for this model")
}

/// The result of a case.
fn response(case: &Value) -> Value {
    let options: Options = serde_json::from_value(case["options"].clone()).expect("options");
    let request: Request = serde_json::from_value(case["request"].clone()).expect("a request");
    let task = case["task"].as_str().expect("a task").parse().expect("a task");
    let pipeline = Pipeline::with_options(Engine::new(&open(case)), task, &options).expect("a pipeline");
    serde_json::to_value(pipeline.run(&request).expect("a response")).expect("JSON")
}

/// Tokens of a text or pair, and hashes of what comes out.
fn run(run: &Value) -> Value {
    let engine = Engine::new(&open(run));
    let text = run["text"].as_str().expect("a text");
    let tokens = engine.encode(text, run["text_pair"].as_str(), &EncodeOptions::default()).expect("tokens");
    let all = tokens.input().with_positions(Positions::All);
    let hidden = engine
        .run(&all, tokens.len(), |session| Ok(hash(session.output().ok_or(Error::NoOutput)?.last_hidden_state())));
    let logits = engine.logits(&tokens).expect("logits");
    let mut result = run.clone();
    result["input_ids"] = json!(tokens.ids);
    result["token_type_ids"] = json!(tokens.types);
    result["last_hidden_state_crc32"] = json!(hidden.expect("hidden states"));
    if !logits.is_empty() {
        result["logits"] = json!(logits.len());
        result["logits_crc32"] = json!(hash(&logits));
    }
    result
}

/// What prototypes answer that were taught by sentence embeddings, and a hash of the bytes that they store.
fn teach(taught: &Value) -> Value {
    let task = SentenceEmbedding::new(&open(taught)).expect("a task");
    let embed = |text: &Value| task.run(text.as_str().expect("a text")).expect("an embedding").embedding;
    let pairs = taught["examples"].as_array().expect("examples");
    let labels = taught["labels"].as_u64().expect("a number") as usize;
    let mut prototypes = Prototypes::new(labels, embed(&pairs[0][1]).len()).expect("memory");
    for pair in pairs {
        prototypes.add(pair[0].as_u64().expect("a label") as usize, &embed(&pair[1])).expect("an example");
    }
    let nearest = prototypes.nearest(&embed(&taught["text"])).expect("a direction").expect("a label");
    let mut result = taught.clone();
    result["nearest"] = json!({ "label": nearest.label, "cosine": nearest.cosine });
    let stored = prototypes.to_bytes();
    result["stored_crc32"] = json!(hash_bytes(stored.iter().copied()));
    let copy = Prototypes::from_bytes(&stored).expect("what was stored");
    assert_eq!(copy.nearest(&embed(&taught["text"])), Ok(Some(nearest)));
    result
}

/// CRC-32 (as zlib's) of the values' little-endian bytes.
fn hash(values: &[f32]) -> String {
    hash_bytes(values.iter().flat_map(|value| value.to_le_bytes()))
}

fn hash_bytes(bytes: impl Iterator<Item = u8>) -> String {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    format!("{:08x}", !crc)
}

/// Numbers as f32, to the bit.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let float = |number: &serde_json::Number| (number.as_f64().expect("a number") as f32).to_bits();
            float(a) == float(b)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[test]
fn every_task_gives_the_recorded_bits() {
    let recorded = recorded();
    let cases = recorded["cases"].as_array().expect("cases");
    assert!(cases.len() >= 20);
    for case in cases {
        let found = response(case);
        assert!(same(&found, &case["response"]), "{}: {found}\nrecorded: {}", case["name"], case["response"]);
    }
}

#[test]
fn every_head_gives_the_recorded_bits() {
    let recorded = recorded();
    for expected in recorded["runs"].as_array().expect("runs") {
        let found = run(expected);
        assert_eq!(found, *expected);
    }
}

#[test]
fn prototypes_give_the_recorded_bits() {
    for expected in recorded()["prototypes"].as_array().expect("prototypes") {
        let found = teach(expected);
        assert!(same(&found, expected), "{found}\nrecorded: {expected}");
    }
}

#[test]
fn a_head_for_another_encoder_is_refused() {
    let head = HeadFile::open(folder().join(models::HEAD)).expect("a head file");
    let other = Model::open(folder().join("text-classification.albert")).expect("a model");
    assert!(matches!(other.with_head(&head), Err(Error::OtherEncoder)));
    // Neither kind of file is taken for the other.
    let model_as_head = HeadFile::open(folder().join("encoder.albert")).expect_err("no head file");
    assert_eq!(model_as_head.to_string(), "no head file; albert fit --head-only makes one from examples");
    assert!(matches!(Model::open(folder().join(models::HEAD)), Err(Error::Format(_))));
    let mut damaged = head.bytes().to_vec();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let damaged = HeadFile::from_vec(damaged).expect("the structure is whole");
    assert!(head.verify_checksum().is_ok() && matches!(damaged.verify_checksum(), Err(Error::Checksum(_))));
}

#[test]
fn a_head_makes_a_classifier_of_an_encoder() {
    let encoder = Model::open(folder().join("encoder.albert")).expect("a model");
    let head = HeadFile::open(folder().join(models::HEAD)).expect("a head file");
    let model = encoder.with_head(&head).expect("a head for this model");
    assert_eq!(encoder.tasks().first(), Some(&albert_edge::Task::FeatureExtraction));
    assert_eq!(model.tasks().first(), Some(&albert_edge::Task::TextClassification));
    assert_eq!(model.labels(), models::HEAD_LABELS);
    assert!(encoder.labels().is_empty() && encoder.head().is_none() && model.head().is_some());
    // Early exit needs a classifier of one label, which the head is.
    let policy = Some(albert_edge::ExitPolicy::Patience(1));
    assert!(Engine::new(&encoder).early_exit(policy).is_err() && Engine::new(&model).early_exit(policy).is_ok());
    // Runs together and on several threads, the same bits.
    let engine = Engine::new(&model).threads(2);
    let texts = ["the river", "the sea", "Anna lives in London"];
    let encode = |text: &&str| engine.encode(text, None, &EncodeOptions::default()).expect("tokens");
    let tokens: Vec<_> = texts.iter().map(encode).collect();
    let alone: Vec<Vec<f32>> = tokens.iter().map(|tokens| engine.logits(tokens).expect("logits")).collect();
    assert_eq!(engine.logits_of(&tokens).expect("logits"), alone);
    assert!(alone.iter().all(|logits| logits.len() == models::HEAD_LABELS.len()));
}

/// The recorded cases are the ones that are listed here.
#[test]
fn the_file_is_up_to_date() {
    let recorded = recorded();
    let without = |case: &Value, fields: &[&str]| {
        let mut case = case.clone();
        fields.iter().for_each(|field| drop(case.as_object_mut().expect("an object").remove(*field)));
        case
    };
    let found: Vec<Value> =
        recorded["cases"].as_array().expect("cases").iter().map(|case| without(case, &["response"])).collect();
    assert_eq!(found, cases::cases(), "cargo xtask conformance writes them anew");
    let tasks: Vec<&str> = found.iter().filter_map(|case| case["task"].as_str()).collect();
    assert!(albert_edge::Task::ALL.iter().all(|task| tasks.contains(&task.name())), "every task has a case");
}

#[test]
#[ignore = "writes the recorded results: cargo xtask conformance"]
fn write() {
    models::write(&folder());
    let cases: Vec<Value> = cases::cases()
        .into_iter()
        .map(|mut case| {
            case["response"] = response(&case);
            case
        })
        .collect();
    let runs: Vec<Value> = cases::runs().iter().map(run).collect();
    // One case a line, so that changes can be read.
    let lines = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
    let prototypes: Vec<Value> = cases::prototypes().iter().map(teach).collect();
    let sections = [("cases", cases), ("runs", runs), ("prototypes", prototypes)];
    let sections = sections.map(|(name, values)| format!("\"{name}\": [\n{}\n]", lines(&values)));
    let text = format!("{{\n{}\n}}\n", sections.join(",\n"));
    fs::write(folder().join("conformance.json"), text).expect("writable");
}
