//! `run --json` prints, byte for byte, what the example in C and the Java classes print, and answers every case of `conformance/`
//! to the bit; their tests read the same files.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::albert_with;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

#[test]
fn same_lines_as_from_c_and_java() {
    let golden = |name: &str| fs::read_to_string(root().join("albert-capi/tests/c").join(name)).expect("a golden file");
    let model = root().join("models/clinc-intents-int8.albert");
    let arguments = ["run".as_ref(), model.as_os_str(), "--file".as_ref(), "-".as_ref(), "--json".as_ref()];
    assert_eq!(albert_with(golden("classify.in"), arguments).ok(), golden("classify.out"));
}

#[test]
fn every_case_of_the_conformance_file() {
    let folder = root().join("conformance");
    let file = fs::read_to_string(folder.join("conformance.json")).expect("the cases");
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(cases.len() >= 20);
    for case in cases {
        let text = |name: &str| case[name].as_str().expect("a text");
        let path = |name: &str| folder.join(text(name)).to_str().expect("UTF-8").to_owned();
        let mut arguments = vec!["run".to_owned(), path("model"), "--task".to_owned(), text("task").to_owned()];
        if case["head"].is_string() {
            arguments.extend(["--head".to_owned(), path("head")]);
        }
        arguments.extend(options(&case["options"]));
        arguments.extend(["--file", "-", "--json"].map(str::to_owned));
        let ran = albert_with(case["request"].to_string(), &arguments);
        // One case has a target that the vocabulary has not, which other languages tell nobody.
        assert!(ran.code == 0 && (ran.err.is_empty() || ran.err.contains("the target \"zoo\"")), "{}", ran.err);
        let answer: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let expected = match &case["response"] {
            Value::Array(items) => items.clone(),
            one => vec![one.clone()],
        };
        assert_eq!(answer.len(), expected.len(), "{}", text("name"));
        for (answer, expected) in answer.iter().zip(&expected) {
            same(answer, expected, text("name"));
        }
    }
}

/// The options of a case as arguments: `top_k` is `--top-k`. Most that are true or false are switches, without a value.
fn options(fields: &Value) -> Vec<String> {
    let mut arguments = Vec::new();
    for (name, value) in fields.as_object().expect("options") {
        let name = format!("--{}", name.replace('_', "-"));
        match value {
            Value::Bool(true) if name != "--normalize" && name != "--align-to-words" => arguments.push(name),
            Value::String(text) => arguments.extend([name, text.clone()]),
            other => arguments.extend([name, other.to_string()]),
        }
    }
    arguments
}

/// The fields of `expected` with the same bits; a row may say more, its number and its input.
fn same(answer: &Value, expected: &Value, name: &str) {
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => {
            for (field, value) in expected {
                same(&answer[field], value, &format!("{name}: {field}"));
            }
        }
        (Value::Array(answer), Value::Array(expected)) => {
            assert_eq!(answer.len(), expected.len(), "{name}");
            answer.iter().zip(expected).for_each(|(answer, expected)| same(answer, expected, name));
        }
        (Value::Number(answer), Value::Number(expected)) => {
            let bits = |number: &serde_json::Number| (number.as_f64().expect("a number") as f32).to_bits();
            assert_eq!(bits(answer), bits(expected), "{name}");
        }
        _ => assert_eq!(answer, expected, "{name}"),
    }
}
