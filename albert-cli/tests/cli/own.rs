//! `fit`, head files, vocabularies that are cut, `index` and `search`.

use std::fs;

use serde_json::Value;

use crate::harness::{Folder, albert};

/// Rows of two labels, in words that the tests' tokenizer knows.
const ROWS: [(&str, &str); 12] = [
    ("the river runs north", "water"),
    ("the river", "water"),
    ("river of the north", "water"),
    ("the river and the river", "water"),
    ("north river runs", "water"),
    ("runs the river", "water"),
    ("paris and london", "city"),
    ("london", "city"),
    ("the london of paris", "city"),
    ("paris of the north", "city"),
    ("of london and paris", "city"),
    ("paris", "city"),
];

/// A network without head, and the checkpoint that it was made from.
struct Encoder {
    folder: Folder,
    model: String,
    checkpoint: String,
    rows: String,
}

impl Encoder {
    fn new() -> Self {
        let folder = Folder::new();
        let model = folder.model("model-narrow");
        let checkpoint = folder.path("model-narrow");
        let rows = ROWS.map(|(text, label)| format!("{{\"text\": \"{text}\", \"label\": \"{label}\"}}\n")).concat();
        let rows = folder.write("rows.jsonl", rows);
        Self { folder, model, checkpoint, rows }
    }

    fn fit(&self, encoder: &str, output: &str, more: &[&str]) -> Value {
        let arguments = ["fit", encoder, "--data", &self.rows, "-o", output, "--folds", "3", "--json"];
        albert([&arguments, more].concat()).json_and_warnings().remove(0)
    }
}

/// Lines of `run --json` over all rows, with the options.
fn answers(model: &str, rows: &str, more: &[&str]) -> Vec<Value> {
    albert([&["run", model, "--file", rows, "--top-k", "2", "--json"], more].concat()).json()
}

#[test]
fn a_head_file_answers_as_the_model_with_that_head() {
    let encoder = Encoder::new();
    let Encoder { folder, model, rows, .. } = &encoder;
    let (whole, head) = (folder.path("own.albert"), folder.path("own.head"));
    let report = encoder.fit(model, &whole, &[]);
    assert_eq!(report["examples"], ROWS.len());
    assert_eq!(report["bytes"], fs::metadata(&whole).unwrap().len());
    assert!(report["vocabulary"].is_null());
    encoder.fit(model, &head, &["--head-only"]);
    // Threads do not change a byte, and a head file may be written anew.
    let before = fs::read(&head).unwrap();
    encoder.fit(model, &head, &["--head-only", "--threads", "2"]);
    assert_eq!(fs::read(&head).unwrap(), before);
    let beside = ["--head", head.as_str()];
    assert_eq!(answers(model, rows, &beside), answers(&whole, rows, &[]));
    let measure =
        |model: &str, more: &[&str]| albert([&["eval", model, "--data", rows, "--json"], more].concat()).json();
    assert_eq!(measure(model, &beside), measure(&whole, &[]));
    albert(["verify", &head]).ok();
    // A page, and words.
    let page = folder.path("own.html");
    let words = albert(["fit", model, "--data", rows, "-o", &whole, "--folds", "2", "--report", &page]).ok();
    assert!(words.contains("accuracy") && fs::read_to_string(&page).unwrap().contains("<svg"), "{words}");
}

#[test]
fn heads_that_do_not_fit() {
    let encoder = Encoder::new();
    let Encoder { folder, model, .. } = &encoder;
    let head = folder.path("own.head");
    encoder.fit(model, &head, &["--head-only"]);
    let other = folder.model("sequence-classification-narrow");
    let error = albert(["run", &other, "--head", &head, "the river"]).fails();
    assert_eq!(error, format!("{head} was fitted on another encoder than {other}"));
    let error = albert(["run", model, "--head", model, "the river"]).fails();
    assert!(error.contains("no head file; albert fit --head-only makes one"), "{error}");
    assert!(albert(["run", &head, "the river"]).fails().contains("no ALBERT model file"));
    let mut damaged = fs::read(&head).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    let damaged = folder.write("damaged.head", damaged);
    assert!(albert(["run", model, "--head", &damaged, "the river"]).fails().contains("checksum"));
    assert!(albert(["run", model, "--head", &folder.path("none"), "the river"]).fails().contains("none"));
}

#[test]
fn rows_of_every_kind_give_the_same_classifier() {
    let encoder = Encoder::new();
    let Encoder { folder, model, .. } = &encoder;
    let made = |data: &str, more: &[&str]| {
        let output = folder.path("made.albert");
        let arguments = ["fit", model, "--data", data, "-o", &output, "--folds", "3"];
        albert([&arguments, more].concat()).ok();
        fs::read(output).unwrap()
    };
    let expected = made(&encoder.rows, &[]);
    let lines = |separator: &str| ROWS.map(|(text, label)| format!("\"{text}\"{separator}{label}\n")).concat();
    let csv = folder.write("rows.csv", format!("text,label\n{}", lines(",")));
    let tsv = folder.write("rows.tsv", format!("sentence\tintent\n{}", lines("\t").replace('"', "")));
    assert_eq!(made(&csv, &[]), expected);
    assert_eq!(made(&tsv, &["--text-column", "sentence", "--label-column", "intent"]), expected);
}

#[test]
fn options_of_fit() {
    let encoder = Encoder::new();
    let Encoder { folder, model, .. } = &encoder;
    let output = folder.path("own.albert");
    let report = encoder.fit(model, &output, &["--pooling", "mean", "--strength", "0.1", "--balanced", "--float"]);
    assert_eq!((&report["pooling"], report["strength"].as_f64()), (&Value::from("mean"), Some(0.1)));
    assert!(encoder.fit(model, &output, &["--reject", "0.2"])["threshold"].as_f64().unwrap() > 0.0);
    let several = ROWS.map(|(text, label)| format!("{text}\t{label};text\n")).concat();
    let several = folder.write("several.tsv", format!("text\tlabel\n{several}river\t\n"));
    let arguments =
        ["fit", model, "--data", &several, "-o", &output, "--label-separator", ";", "--multi-label", "--folds", "2"];
    albert(arguments).ok();
    assert_eq!(
        albert(["inspect", &output, "--json"]).json()[0]["config"]["problem_type"],
        "multi_label_classification"
    );
    let outside = fs::read_to_string(&encoder.rows).unwrap() + "{\"text\": \"and of\", \"label\": \"none\"}\n";
    let outside = folder.write("outside.jsonl", outside);
    let arguments = ["fit", model, "--data", &outside, "-o", &output, "--out-of-scope-label", "none", "--folds", "2"];
    assert!(albert(arguments).ok().contains("out of scope"));
    for (option, value, message) in [
        ("--folds", "1", "from 2 on"),
        ("--strength", "-1", "above 0"),
        ("--pooling", "best", "expected one of pooler"),
    ] {
        let error = albert(["fit", model, "--data", &outside, "-o", &output, option, value]).fails();
        assert!(error.contains(message), "{error}");
    }
    assert!(albert(["fit", model, "--data", &outside, "-o", &outside]).code == 2, "the rows are not overwritten");
}

#[test]
fn a_checkpoint_with_the_vocabulary_that_is_used() {
    let encoder = Encoder::new();
    let Encoder { folder, model, checkpoint, rows } = &encoder;
    let (whole, cut) = (folder.path("whole.albert"), folder.path("cut.albert"));
    encoder.fit(checkpoint, &whole, &[]);
    let texts = folder.write("texts.txt", "the river\n");
    let held_out = folder.write("held-out.txt", "the river runs\nthe north of paris\n");
    let report = encoder.fit(checkpoint, &cut, &["--vocabulary-from", &texts, "--held-out", &held_out]);
    let vocabulary = &report["vocabulary"];
    // The rows' own pieces are counted: nothing of them is lost.
    assert_eq!((&vocabulary["held_out"]["texts"], &vocabulary["held_out"]["lost"]), (&2.into(), &0.into()));
    let kept = |report: &Value| report["vocabulary"]["kept"].as_u64().unwrap();
    assert!(kept(&report) <= vocabulary["tokens"].as_u64().unwrap());
    assert_eq!(answers(&cut, rows, &[]), answers(&whole, rows, &[]), "pieces that are kept: the same scores");
    // What occurs once goes, but for what is named.
    let few = ["--vocabulary-from", &texts, "--min-count", "4", "--held-out", &held_out];
    let fewer = encoder.fit(checkpoint, &cut, &few);
    assert!(kept(&fewer) < kept(&report) && fewer["vocabulary"]["held_out"]["lost"].as_u64() > Some(0), "{fewer}");
    let named = encoder.fit(checkpoint, &cut, &[&few[..], &["--keep-token", "runs"]].concat());
    assert_eq!(kept(&named), kept(&fewer) + 1);
    let most = (kept(&report) - 1).to_string();
    let limited = encoder.fit(checkpoint, &cut, &["--vocabulary-from", &texts, "--keep-vocabulary", &most]);
    assert_eq!(kept(&limited).to_string(), most);
    let words = ["fit", checkpoint, "--data", rows, "-o", &cut, "--folds", "2"];
    let words = albert([&words, &few[..]].concat());
    assert!(words.out.contains("vocabulary: ") && words.out.contains("held-out texts: "), "{}", words.out);
    // quantize has the same options and the same code.
    let quantized = ["quantize", checkpoint, "-o", &cut, "--head", "none", "--json"];
    let quantized = albert([&quantized, &few[..]].concat()).json_and_warnings().remove(0);
    assert_eq!(quantized["vocabulary"]["tokens"], fewer["vocabulary"]["tokens"]);
    let refused = albert(["fit", model, "--data", rows, "-o", &cut, "--vocabulary-from", &texts]).fails();
    assert!(refused.starts_with("--vocabulary-from is for checkpoints"), "{refused}");
    assert!(albert(["fit", model, "--data", rows, "-o", &cut, "--min-count", "2"]).code == 2);
}

#[test]
fn the_nearest_texts() {
    let encoder = Encoder::new();
    let Encoder { folder, model, .. } = &encoder;
    let index = folder.path("texts.index");
    let texts = folder.write("texts.txt", ROWS.map(|(text, _)| format!("{text}\n")).concat());
    for _ in 0..2 {
        assert!(albert(["index", model, "--file", &texts, "-o", &index]).ok().contains("12 texts"));
    }
    let found = albert(["search", &index, "--model", model, "--top-k", "3", "--json", "paris and london"]).json();
    let found = found[0].as_array().unwrap();
    assert_eq!((found.len(), &found[0]["text"], &found[0]["index"]), (3, &"paris and london".into(), &6.into()));
    assert!(found[0]["score"].as_f64().unwrap() > 0.99);
    let words = albert(["search", &index, "--model", model, "paris and london"]).ok();
    assert_eq!(words.lines().count(), 5);
    assert!(words.lines().next().unwrap().ends_with("paris and london"));
    let other = folder.model("sequence-classification-narrow");
    assert!(albert(["search", &index, "--model", &other, "paris"]).fails().contains("another model"));
    assert!(albert(["search", &texts, "--model", model, "paris"]).code == 2);
    assert!(albert(["index", model, "--file", &texts, "-o", &texts]).code == 2, "the texts are not overwritten");
}
