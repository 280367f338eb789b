//! Every task on small models against recorded results: the same bits on every machine and from every language.
//!
//! `conformance/` holds the models and `conformance.json`, which the tests of all bindings read; its README describes it.
//! `cargo xtask conformance` writes both anew.

mod cases;
mod models;

use std::fs;
use std::path::{Path, PathBuf};

use albert_edge::albert_core::Positions;
use albert_edge::{EncodeOptions, Engine, Error, Model, Options, Pipeline, Request};
use serde_json::{Value, json};

/// Where models and results are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance")
}

fn recorded() -> Value {
    let text = fs::read_to_string(folder().join("conformance.json")).expect("conformance.json");
    serde_json::from_str(&text).expect("JSON")
}

fn open(name: &Value) -> Model {
    Model::open(folder().join(name.as_str().expect("a name"))).expect("a model")
}

/// The result of a case.
fn response(case: &Value) -> Value {
    let options: Options = serde_json::from_value(case["options"].clone()).expect("options");
    let request: Request = serde_json::from_value(case["request"].clone()).expect("a request");
    let task = case["task"].as_str().expect("a task").parse().expect("a task");
    let pipeline = Pipeline::with_options(Engine::new(&open(&case["model"])), task, &options).expect("a pipeline");
    serde_json::to_value(pipeline.run(&request).expect("a response")).expect("JSON")
}

/// Tokens of a text or pair, and hashes of what comes out.
fn run(run: &Value) -> Value {
    let engine = Engine::new(&open(&run["model"]));
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

/// CRC-32 (as zlib's) of the values' little-endian bytes.
fn hash(values: &[f32]) -> String {
    let mut crc = u32::MAX;
    for byte in values.iter().flat_map(|value| value.to_le_bytes()) {
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
    let text = format!("{{\n\"cases\": [\n{}\n],\n\"runs\": [\n{}\n]\n}}\n", lines(&cases), lines(&runs));
    fs::write(folder().join("conformance.json"), text).expect("writable");
}
