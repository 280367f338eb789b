//! Data as people have it: tables, the names of public data sets, labels with other names, batches that are killed.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Folder, albert, albert_with, program};

/// Pairs of texts with a label, in an order of the data's own.
const PAIRS: [(&str, &str, usize); 4] =
    [("the river", "runs, north", 0), ("london", "paris", 1), ("of \"the\" river", "and", 2), ("runs", "the river", 0)];

fn json_rows(text: &str, pair: &str, label: &str) -> String {
    PAIRS
        .iter()
        .map(|row| json!({ text: row.0, pair: row.1, label: row.2, "idx": 7, "other": null }).to_string() + "\n")
        .collect()
}

#[test]
fn tables_and_names_of_data_sets() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let eval = |name: &str, data: String, options: &[&str]| {
        let data = folder.write(name, data);
        albert([&["eval", &model, "--data", &data, "--json"], options].concat()).json().remove(0)
    };
    let expected = eval("rows.jsonl", json_rows("text", "pair", "label"), &[]);
    assert_eq!(expected["rows"], 4);
    for (text, pair) in
        [("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"), ("question", "sentence")]
    {
        assert_eq!(eval("glue.jsonl", json_rows(text, pair, "label"), &[]), expected, "{text}");
    }
    let named = ["--text-column", "a", "--pair-column", "b", "--label-column", "c"];
    assert_eq!(eval("named.jsonl", json_rows("a", "b", "c"), &named), expected);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let csv = PAIRS.map(|(text, pair, label)| format!("{label},{},{},x\n", quoted(text), quoted(pair))).concat();
    assert_eq!(eval("rows.csv", format!("\u{feff}label,sentence1,sentence2,choices\n{csv}"), &[]), expected);
    let tsv = PAIRS.map(|(text, pair, label)| format!("7\t{text}\t{pair}\t{label}\r\n")).concat();
    assert_eq!(eval("rows.TSV", format!("index\tsentence1\tsentence2\tlabel\r\n{tsv}"), &[]), expected);
    assert_eq!(eval("abc.tsv", format!("z\ta\tb\tc\n{tsv}"), &named), expected);
}

#[test]
fn labels_with_other_names() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let data = folder.write("rows.jsonl", json_rows("premise", "hypothesis", "label"));
    let predictions = folder.path("predictions.jsonl");
    let eval = |data: &str, labels: &str| -> Vec<Value> {
        let line = ["eval", &model, "--data", data, "--labels", labels, "--predictions", &predictions, "--json"];
        albert(line).json();
        let written = fs::read_to_string(&predictions).unwrap();
        written.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["label"].clone()).collect()
    };
    assert_eq!(eval(&data, "LABEL_2,LABEL_0,LABEL_1"), ["LABEL_2", "LABEL_0", "LABEL_1", "LABEL_2"]);
    assert_eq!(eval(&data, "yes,no,perhaps"), ["yes", "no", "perhaps", "yes"]);
    let words = fs::read_to_string(&data).unwrap().replace("\"label\":0", "\"label\":\"good\"");
    let words = folder.write("words.jsonl", words);
    assert_eq!(eval(&words, "good=LABEL_1"), ["LABEL_1", "LABEL_1", "LABEL_2", "LABEL_1"]);
    let fails = |data: &str, labels: &[&str]| albert([&["eval", &model, "--data", data], labels].concat()).fails();
    assert!(fails(&words, &[]).contains("line 1: the model has no label \"good\""));
    assert!(fails(&data, &["--labels", "LABEL_0,no,perhaps"]).contains("no label \"no\""));
    assert!(fails(&data, &["--labels", "a=LABEL_9"]).contains("LABEL_9"));
    assert!(fails(&data, &["--text-column", "body"]).contains("no \"body\""));
}

#[test]
fn tables_that_are_wrong() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let rows = folder.write("rows.csv", "sentence,label\nthe river,0\nparis,0,1\nlondon,1\n");
    let ran = albert(["run", &model, "--file", &rows, "--json"]);
    assert_eq!((ran.code, ran.out.lines().count()), (2, 2));
    assert!(ran.err.contains("rows.csv, row 2: 3 fields; the first line names 2"), "{}", ran.err);
    assert!(albert(["eval", &model, "--data", &rows]).fails().contains("row 2"));
    let rows = folder.write("bytes.csv", b"sentence,label\n\xff,0\n");
    assert!(albert(["eval", &model, "--data", &rows]).fails().contains("row 1: not UTF-8"));
    let rows = folder.write("long.csv", "sentence,label\n\"".to_owned() + &"the river ".repeat(2 << 20));
    assert!(albert(["eval", &model, "--data", &rows]).fails().contains("16 MiB"));
    let rows = folder.write("empty.csv", "sentence,label\n");
    assert!(albert(["eval", &model, "--data", &rows]).fails().contains("no rows"));
    let rows = folder.write("texts.txt", "the river\n");
    assert!(albert(["run", &model, "--file", &rows, "--text-column", "a"]).err.contains("no JSON object"));
}

#[test]
fn a_killed_batch_goes_on() {
    let folder = Folder::new();
    let model = folder.model("token-classification-narrow");
    let texts = ["the river runs north", "paris", "london and paris", "of", ""];
    let rows: String = (0..2000).map(|row| json!({ "text": texts[row % 5] }).to_string() + "\n").collect();
    let (whole, output) = (folder.path("whole.jsonl"), folder.path("out.jsonl"));
    let run = |output: &str, more: &[&str]| {
        albert_with(&rows, [&["run", &model, "--file", "-", "--output", output], more].concat())
    };
    let ran = run(&whole, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    let whole = fs::read_to_string(whole).unwrap();
    assert!(whole.contains("{\"error\":\"") && whole.contains("\"row\":2000"));

    // It waits for more when it is killed.
    let mut command = program();
    command.args(["run", &model, "--file", "-", "--output", &output, "--threads", "2"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&rows.as_bytes()[..rows.len() / 2]).unwrap();
    input.flush().unwrap();
    let lines = || fs::read_to_string(&output).map_or(0, |text| text.lines().count());
    for _ in 0..6000 {
        if lines() > 500 {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = fs::read_to_string(&output).unwrap();
    assert!(left.lines().count() > 500 && left.len() < whole.len() && whole.starts_with(&left));

    // Without --resume it stays.
    assert!(run(&output, &[]).fails().contains("--resume"));
    // A part of a line, and a row that lacks some of its lines.
    fs::write(&output, &left[..left.len() - 7]).unwrap();
    let ran = run(&output, &["--resume"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert_eq!(fs::read_to_string(&output).unwrap(), whole);
    // Again: nothing is left to do but the last row.
    assert_eq!(run(&output, &["--resume"]).code, 2);
    assert_eq!(fs::read_to_string(&output).unwrap(), whole);

    let short = albert_with("paris\n", ["run", &model, "--file", "-", "--output", &output, "--resume"]);
    assert!(short.fails().contains("other data"));
    let text = folder.write("a text", "not a result\n");
    let other = run(&text, &["--resume"]).fails();
    assert!(other.contains("no result of this command"), "{other}");
    assert_eq!(fs::read_to_string(&text).unwrap(), "not a result\n");
}
