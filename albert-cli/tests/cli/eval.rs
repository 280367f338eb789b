//! `eval`: every task's figures, and that they are those of the predictions.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Folder, MARKUP, albert};

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| row.to_string() + "\n").collect()
}

/// Figures and predictions of rows.
fn eval(folder: &Folder, model: &str, rows: &[Value], options: &[&str]) -> (Value, Vec<Value>) {
    let (data, predictions) = (folder.write("rows.jsonl", lines(rows)), folder.path("predictions.jsonl"));
    let arguments = ["eval", model, "--data", &data, "--predictions", &predictions, "--json"];
    let figures = albert([&arguments, options].concat()).json().remove(0);
    let written = fs::read_to_string(predictions).unwrap();
    (figures, written.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

const TEXTS: [&str; 6] = ["the river", "london and paris", "runs", "north of the river", "and", "paris"];

#[test]
fn one_label() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let rows: Vec<Value> = TEXTS.iter().zip(0..).map(|(text, row)| json!({ "text": text, "label": row % 3 })).collect();
    let (figures, predictions) = eval(&folder, &model, &rows, &[]);
    assert_eq!(predictions.len(), 6);
    let right = predictions.iter().filter(|row| row["label"] == row["answer"]).count();
    assert_eq!(figures["accuracy"], right as f64 / 6.0);
    for (row, (text, prediction)) in (1..).zip(TEXTS.iter().zip(&predictions)) {
        let run = albert(["run", &model, text, "--json"]).json().remove(0);
        assert_eq!((&prediction["answer"], &prediction["row"]), (&run["label"], &row.into()));
        let (found, expected) = (prediction["score"].as_f64().unwrap(), run["score"].as_f64().unwrap());
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    let matrix: Vec<Vec<usize>> = serde_json::from_value(figures["confusion_matrix"].clone()).unwrap();
    assert_eq!(matrix.iter().flatten().sum::<usize>(), 6);
    assert_eq!(figures["labels"].as_array().unwrap().len(), 3);
    assert_eq!(figures["bins"].as_array().unwrap().len(), 10);
    let interval: [f64; 2] = serde_json::from_value(figures["accuracy_interval"].clone()).unwrap();
    assert!(interval[0] <= right as f64 / 6.0 && right as f64 / 6.0 <= interval[1]);
    // The same draws each time.
    assert_eq!(eval(&folder, &model, &rows, &["--threads", "1"]).0, figures);
}

#[test]
fn a_page_and_text() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let rows: Vec<Value> = TEXTS.iter().map(|text| json!({ "text": text, "label": 1 })).collect();
    let (data, page) = (folder.write(&format!("rows{}.jsonl", MARKUP.0), lines(&rows)), folder.path("page.html"));
    let text = albert(["eval", &model, "--data", &data, "--report", &page]).ok();
    for part in
        ["rows               6\n", "accuracy           ", "95%: ", "calibration_error  ", "precision", "LABEL_1"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let page = fs::read_to_string(page).unwrap();
    for part in ["Reliability", "<rect", &format!("rows{}.jsonl", MARKUP.1), "95\u{a0}% interval", "LABEL_2"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("http") && !page.contains("<script"));
    assert!(albert(["eval", &model, "--data", &data, "--report", &data]).fails().contains("which is read"));
}

#[test]
fn several_labels_and_values() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-multi-label");
    let labels = [json!(["calm", "late"]), json!([3]), json!("warm, dry"), json!([]), json!([1.0, 0.0, 0.0, 1.0, 0.0])];
    let rows: Vec<Value> =
        TEXTS.iter().zip(labels).map(|(text, label)| json!({ "text": text, "labels": label })).collect();
    let (figures, predictions) = eval(&folder, &model, &rows, &[]);
    let given: Vec<&Value> = predictions.iter().map(|row| &row["labels"]).collect();
    assert_eq!(
        given,
        [&json!(["calm", "late"]), &json!(["✓"]), &json!(["warm, dry"]), &json!([]), &json!(["calm", "✓"])]
    );
    for (text, prediction) in TEXTS.iter().zip(&predictions) {
        let run = albert(["run", &model, text, "--top-k", "9", "--json"]).json();
        let above = run.iter().filter(|label| label["score"].as_f64().unwrap() >= 0.5).count();
        assert_eq!(prediction["answers"].as_array().unwrap().len(), above);
    }
    assert!(figures["micro_f1"].is_f64() && figures["samples_f1"].is_f64() && figures["hamming_loss"].is_f64());

    let model = folder.model("sequence-classification-regression");
    let rows: Vec<Value> = TEXTS.iter().zip(0..).map(|(text, label)| json!({ "text": text, "label": label })).collect();
    let (figures, predictions) = eval(&folder, &model, &rows, &[]);
    let square = |row: &Value| (row["label"].as_f64().unwrap() - row["value"].as_f64().unwrap()).powi(2);
    let mse = predictions.iter().map(square).sum::<f64>() / 6.0;
    assert!((figures["mse"].as_f64().unwrap() - mse).abs() < 1e-9);
    assert!(figures["pearson"].is_f64() && figures["spearman"].is_f64());
}

#[test]
fn answers_tags_and_choices() {
    let folder = Folder::new();
    let model = folder.model("question-answering-long");
    let context = "the river runs north of paris and london";
    let row = |question: &str, answers: Value| json!({ "question": question, "context": context, "answers": answers });
    let asked = ["the river", "paris", "north", "london", "and"];
    let answer = |question: &str| {
        albert(["run", &model, "--question", question, "--context", context, "--json"]).json()[0]["answer"].clone()
    };
    let own: Vec<Value> = asked.iter().map(|question| answer(question)).collect();
    let rows = [
        row(asked[0], json!({ "text": [own[0].clone(), "x"], "answer_start": [0, 1] })),
        row(asked[1], json!([{ "text": own[1] }])),
        row(asked[2], own[2].clone()),
        row(asked[3], json!([])),
        row(asked[4], json!(["something else"])),
    ];
    let (figures, predictions) = eval(&folder, &model, &rows, &[]);
    assert_eq!((&figures["exact_match"], &figures["rows"]), (&0.6.into(), &5.into()));
    assert_eq!((&figures["unanswerable"]["rows"], &figures["answerable"]["exact_match"]), (&1.into(), &0.75.into()));
    assert_eq!(predictions.iter().map(|row| row["answer"].clone()).collect::<Vec<_>>(), own);

    let model = folder.model("token-classification-narrow");
    let rows = [
        json!({ "tokens": ["the", "river"], "ner_tags": [0, 3] }),
        json!({ "words": ["paris"], "tags": ["LABEL_2"] }),
        json!({ "words": ["runs"], "tags": ["other"] }),
    ];
    let (figures, predictions) = eval(&folder, &model, &rows, &[]);
    assert_eq!(predictions[0]["tags"], json!(["LABEL_0", "LABEL_3"]));
    assert_eq!((&figures["words"], &predictions[2]["tags"]), (&4.into(), &json!(["other"])));

    let model = folder.model("multiple-choice-narrow");
    let rows = [json!({ "text": "the river", "choices": ["runs", "paris", "london"], "label": 2 })];
    let (figures, predictions) = eval(&folder, &model, &rows, &[]);
    assert_eq!(predictions[0]["label"], 2);
    assert_eq!(figures["accuracy"], f64::from(u8::from(predictions[0]["answer"] == 2)));
}

#[test]
fn masks_and_similarities() {
    let folder = Folder::new();
    let model = folder.model("masked-lm-narrow");
    let best = albert(["run", &model, "the [MASK] runs", "--top-k", "1", "--json"]).json().remove(0);
    let probability = best["score"].as_f64().unwrap();
    let rows = [
        json!({ "text": "the [MASK] runs", "label": best["token_str"] }),
        json!({ "text": "the river runs north of paris and london" }),
    ];
    let (figures, predictions) = eval(&folder, &model, &rows, &[]);
    let first = &predictions[0]["masks"][0];
    // What the token reads as need not be its name in the vocabulary.
    if first["rank"] == 0 {
        assert!((first["log_probability"].as_f64().unwrap() - probability.ln()).abs() < 1e-5);
    }
    let masks: Vec<f64> = predictions
        .iter()
        .flat_map(|row| row["masks"].as_array().unwrap())
        .map(|mask| mask["log_probability"].as_f64().unwrap())
        .collect();
    assert_eq!(figures["masks"], masks.len());
    let loss = -masks.iter().sum::<f64>() / masks.len() as f64;
    assert!((figures["loss"].as_f64().unwrap() - loss).abs() < 1e-9);
    let two = json!({ "text": "[MASK] and [MASK]", "label": ["paris"] });
    let data = folder.write("two.jsonl", two.to_string());
    assert!(albert(["eval", &model, "--data", &data]).fails().contains("2 masks and 1 labels"));

    let model = folder.model("model-narrow");
    let pairs =
        [("the river", "the river", 5.0), ("the river", "paris", 1.0), ("runs", "london", 0.5), ("of", "and", 2.0)];
    let rows: Vec<Value> =
        pairs.iter().map(|(a, b, score)| json!({ "sentence1": a, "sentence2": b, "score": score })).collect();
    let (figures, predictions) = eval(&folder, &model, &rows, &[]);
    assert!((predictions[0]["value"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    assert!(figures["spearman"].as_f64().unwrap() > 0.0 && figures.get("mse").is_none());
    assert!(albert(["eval", &model, "--data", &data, "--task", "fill-mask"]).fails().contains("fill-mask"));
    assert!(
        albert(["eval", &model, "--data", &data, "--task", "feature-extraction"]).fails().contains("does not measure")
    );
}
