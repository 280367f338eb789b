//! `run --json` against what the pipelines of the original framework gave for the same checkpoint in fp32; recorded by
//! `tests/fixtures/pipelines/generate.py`.

use std::fs;
use std::path::{Path, PathBuf};

use albert_tests::at_hand;
use serde_json::{Map, Value, json};

use crate::harness::{Folder, albert, albert_with, fixture};

/// Largest difference of a score, or of an element of a vector.
const TOLERANCE: f64 = 1e-4;

fn recorded(name: &str) -> PathBuf {
    fixture("pipelines").join(name)
}

#[test]
fn text_classification() {
    check("text-classification");
}

#[test]
fn zero_shot_classification() {
    check("zero-shot-classification");
}

#[test]
fn fill_mask() {
    check("fill-mask");
}

#[test]
fn token_classification() {
    check("token-classification");
}

#[test]
fn question_answering() {
    check("question-answering");
}

#[test]
fn multiple_choice() {
    check("multiple-choice");
}

#[test]
fn sentence_order() {
    check("sentence-order");
}

#[test]
fn feature_extraction() {
    check("feature-extraction");
}

/// The rows of evaluation data, all of them under all strategies.
#[test]
fn snips_slots() {
    let Some(trained) = Trained::load("snips-slots") else { return };
    let texts: Vec<Value> = trained.rows("eval.jsonl", |row| {
        let words = row["words"].as_array().expect("words").iter().map(|word| word.as_str().expect("text"));
        json!({ "text": words.collect::<Vec<_>>().join(" ") })
    });
    assert_eq!(texts.len(), trained.expected.len());
    for (index, strategy) in ["none", "simple", "first", "average", "max"].into_iter().enumerate() {
        let found = answers(&trained.model, &texts, ["--aggregation-strategy", strategy].into_iter());
        let name = if strategy == "none" { "entity" } else { "entity_group" };
        let mut entities = 0;
        for ((text, found), expected) in texts.iter().zip(&found).zip(&trained.expected) {
            let fields = |line: &Value| [name, "score", "word", "start", "end"].map(|field| line[field].clone());
            let found = json!(found.iter().map(fields).collect::<Vec<_>>());
            compare(&found, &expected[index], &format!("snips-slots, {strategy}, {text}"));
            entities += expected[index].as_array().map_or(0, Vec::len);
        }
        println!("snips-slots, {strategy}: {} rows, {entities} results", texts.len());
    }
}

#[test]
fn clinc_intents() {
    let Some(trained) = Trained::load("clinc-intents") else { return };
    let mut texts = trained.rows("eval.jsonl", |row| json!({ "text": row["text"] }));
    texts.truncate(trained.expected.len());
    let found = answers(&trained.model, &texts, ["--top-k", "3"].into_iter());
    for ((text, found), expected) in texts.iter().zip(&found).zip(&trained.expected) {
        let found = json!(found.iter().map(|line| json!([line["label"], line["score"]])).collect::<Vec<_>>());
        compare(&found, expected, &format!("clinc-intents, {text}"));
    }
}

#[test]
fn mlm_small() {
    let Some(trained) = Trained::load("mlm-small") else { return };
    for row in &trained.expected {
        let text = row["text"].as_str().expect("text");
        // As a shell would: the text on standard input.
        let found = albert_with(format!("{text}\n"), ["run", &trained.model, "--json"]).json();
        compare(&json!(found), &row["expected"], text);
    }
}

/// A trained model in fp32, and what was recorded for it.
struct Trained {
    model: String,
    checkpoint: PathBuf,
    expected: Vec<Value>,
    _folder: Folder,
}

impl Trained {
    /// `None`, said aloud, when the checkpoint is not at hand.
    fn load(name: &str) -> Option<Self> {
        let checkpoint = at_hand::shared(&format!("models/{name}"))?;
        let folder = Folder::new();
        let model = folder.path("model.albert");
        let from = checkpoint.to_str().expect("UTF-8");
        assert_eq!(albert(["quantize", from, "-o", &model, "--weights", "fp32"]).code, 0);
        let expected = lines(&recorded(&format!("{name}.jsonl")));
        Some(Self { model, checkpoint, expected, _folder: folder })
    }

    /// Rows of one of the checkpoint's files.
    fn rows(&self, file: &str, row: impl Fn(&Value) -> Value) -> Vec<Value> {
        lines(&self.checkpoint.join(file)).iter().map(row).collect()
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("readable");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// All recorded cases of a task.
fn check(task: &str) {
    let cases = fs::read(recorded(&format!("{task}.json"))).expect("a recorded task");
    let cases: Vec<Value> = serde_json::from_slice(&cases).expect("JSON");
    let mut results = 0;
    for (index, case) in cases.iter().enumerate() {
        let folder = Folder::new();
        let model = model(&folder, case);
        let rows = case["rows"].as_array().expect("rows");
        let arguments = case["arguments"].as_array().expect("arguments");
        let arguments = arguments.iter().map(|argument| argument.as_str().expect("text"));
        let answers = answers(&model, rows, arguments);
        for ((row, answer), expected) in rows.iter().zip(&answers).zip(case["expected"].as_array().expect("expected")) {
            let expected = expected.as_array().cloned().unwrap_or_else(|| vec![expected.clone()]);
            let context = format!("{task}, case {index}, {row}");
            assert_eq!(answer.len(), expected.len(), "{context}: {answer:?} for {expected:?}");
            for (answer, expected) in answer.iter().zip(&expected) {
                compare(answer, expected, &context);
            }
            results += expected.len();
        }
    }
    println!("{task}: {} cases, {results} results", cases.len());
}

/// A fp32 model of a case's checkpoint.
fn model(folder: &Folder, case: &Value) -> String {
    let text = |name: &str| case[name].as_str().expect("text");
    let checkpoint = folder.path("checkpoint");
    fs::create_dir(&checkpoint).expect("a new folder");
    let place = |name: &str| Path::new(&checkpoint).join(name);
    let from = fixture(text("checkpoint"));
    let config = fs::read(from.join("config.json")).expect("readable");
    let mut config: Map<String, Value> = serde_json::from_slice(&config).expect("JSON");
    for (key, value) in case["config"].as_object().expect("changes") {
        match value {
            Value::Null => drop(config.remove(key)),
            value => drop(config.insert(key.clone(), value.clone())),
        }
    }
    fs::write(place("config.json"), Value::Object(config).to_string()).expect("writable");
    fs::copy(from.join("model.safetensors"), place("model.safetensors")).expect("a copy");
    fs::copy(recorded(&format!("{}.json", text("tokenizer"))), place("tokenizer.json")).expect("a copy");
    fs::write(place("tokenizer_config.json"), case["tokenizer_config"].to_string()).expect("writable");
    let model = folder.path("model.albert");
    assert_eq!(albert(["quantize", &checkpoint, "-o", &model, "--weights", "fp32"]).code, 0);
    model
}

/// The results of each row, in order.
fn answers<'a>(model: &'a str, rows: &[Value], arguments: impl Iterator<Item = &'a str>) -> Vec<Vec<Value>> {
    let input: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let mut answers = vec![Vec::new(); rows.len()];
    let ran = albert_with(input, ["run", model, "--file", "-", "--json"].into_iter().chain(arguments));
    // Targets that are not in the vocabulary are warned of.
    for line in ran.json_and_warnings() {
        answers[line["row"].as_u64().expect("a row") as usize - 1].push(line);
    }
    answers
}

/// Everything that was recorded is there; numbers with a fraction may differ a little.
fn compare(answer: &Value, expected: &Value, context: &str) {
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => {
            for (key, expected) in expected {
                compare(answer.get(key).unwrap_or(&Value::Null), expected, &format!("{context}, {key}"));
            }
        }
        (Value::Array(answer), Value::Array(expected)) => {
            assert_eq!(answer.len(), expected.len(), "{context}");
            answer.iter().zip(expected).for_each(|(answer, expected)| compare(answer, expected, context));
        }
        (Value::Number(answer), Value::Number(expected)) if expected.is_f64() => {
            let (answer, expected) = (answer.as_f64().expect("a number"), expected.as_f64().expect("a number"));
            assert!((answer - expected).abs() <= TOLERANCE, "{context}: {answer} for {expected}");
        }
        _ => assert_eq!(answer, expected, "{context}"),
    }
}
