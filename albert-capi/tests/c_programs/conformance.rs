//! Every case of `conformance/conformance.json`, as `tests/c/conformance.c` and its like read it, and what they must print.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::tools::path;

/// The cases.
pub(crate) fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(path("../conformance/conformance.json")).unwrap();
    let Value::Object(mut file) = serde_json::from_str(&text).unwrap() else { panic!("no object") };
    let Some(Value::Array(cases)) = file.remove("cases") else { panic!("no cases") };
    assert!(cases.len() >= 20);
    cases
}

/// What the program is told, with `end` after each case.
pub(crate) fn input(cases: &[Value], end: &str) -> String {
    let mut lines = String::new();
    for case in cases {
        let model = path("../conformance").join(case["model"].as_str().unwrap());
        writeln!(lines, "model\t{}\ntask\t{}", model.display(), case["task"].as_str().unwrap()).unwrap();
        if let Some(head) = case["head"].as_str() {
            writeln!(lines, "head\t{}", path("../conformance").join(head).display()).unwrap();
        }
        for word in ["option", "request"] {
            let fields = &case[if word == "option" { "options" } else { word }];
            for (name, value) in fields.as_object().unwrap() {
                let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                for value in values {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    assert!(!value.contains(['\t', '\n']));
                    writeln!(lines, "{word}\t{name}\t{value}").unwrap();
                }
            }
        }
        writeln!(lines, "{end}").unwrap();
    }
    lines
}

fn bits(value: &Value) -> String {
    format!("{:08x}", (value.as_f64().unwrap() as f32).to_bits())
}

/// The line of an item, as the header names its fields.
fn item(from: &Map<String, Value>) -> String {
    let get = |names: &[&str]| names.iter().find_map(|&name| from.get(name));
    let fields = [
        get(&["label", "entity", "entity_group"]),
        get(&["word", "answer", "token_str", "text"]),
        get(&["sequence"]),
        get(&["start"]),
        get(&["index", "mask", "corpus_id"]),
        get(&["token"]),
        get(&["layers"]),
    ];
    let present: u32 = (0..).zip(fields).map(|(bit, field)| u32::from(field.is_some()) << bit).sum();
    let text = |value: Option<&Value>| value.map_or("", |value| value.as_str().unwrap()).to_owned();
    let number = |value: Option<&Value>| value.map_or(0, |value| value.as_u64().unwrap());
    let [label, word, sequence, start, index, token, layers] = fields;
    let (label, word, sequence) = (text(label), text(word), text(sequence));
    let (start, end, index) = (number(start), number(get(&["end"])), number(index));
    let (score, token, layers) = (bits(&from["score"]), number(token), number(layers));
    format!("item\t{present}\t{label}\t{word}\t{sequence}\t{start}\t{end}\t{index}\t{score}\t{token}\t{layers}\n")
}

fn matrix(name: &str, rows: &[Value]) -> String {
    let columns = rows[0].as_array().unwrap().len();
    let numbers = rows.iter().flat_map(|row| row.as_array().unwrap());
    format!(
        "{name}\t{}\t{columns}{}\n",
        rows.len(),
        numbers.map(|value| format!("\t{}", bits(value))).collect::<String>()
    )
}

/// What the program prints of a response but for its JSON.
pub(crate) fn expected(response: &Value) -> String {
    if let Some(items) = response.as_array() {
        return items.iter().map(|from| item(from.as_object().unwrap())).collect();
    }
    let fields = response.as_object().unwrap();
    if let (Some(labels), Some(scores)) = (fields.get("labels"), fields.get("scores")) {
        let each = labels.as_array().unwrap().iter().zip(scores.as_array().unwrap());
        let one = |(label, score): (&Value, &Value)| {
            let mut one = fields.clone();
            one.insert("label".to_owned(), label.clone());
            one.insert("score".to_owned(), score.clone());
            item(&one)
        };
        return each.map(one).collect();
    }
    if let Some(rows) = fields.get("last_hidden_state") {
        let pooled = fields.get("pooler_output").map(|pooled| matrix("pooled", std::slice::from_ref(pooled)));
        return matrix("vectors", rows.as_array().unwrap()) + &pooled.unwrap_or_default();
    }
    match fields.get("embedding") {
        Some(vector) => matrix("vectors", std::slice::from_ref(vector)),
        None => item(fields),
    }
}

/// Numbers with a fraction as the bits of the f32.
fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => Value::String(bits(value)),
        Value::Array(values) => values.iter().map(normal).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), normal(value))).collect(),
        other => other.clone(),
    }
}

/// Holds what a program printed for the cases, each run `times` times, to the recorded responses.
pub(crate) fn compare(cases: &[Value], times: usize, printed: &str) {
    let mut printed = printed.split("end\n");
    for case in cases {
        let (name, response) = (&case["name"], &case["response"]);
        let mut lines = printed.next().unwrap().split_inclusive('\n');
        for _ in 0..times {
            let mut found = String::new();
            let json = loop {
                let line = lines.next().unwrap_or_else(|| panic!("{name}: ends early"));
                match line.strip_prefix("json\t") {
                    Some(json) => break json,
                    None => found.push_str(line),
                }
            };
            assert_eq!(found, expected(response), "{name}");
            assert_eq!(normal(&serde_json::from_str(json).unwrap()), normal(response), "{name}");
        }
        assert_eq!(lines.next(), None, "{name}");
    }
    assert_eq!(printed.next(), Some(""));
}
