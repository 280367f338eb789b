//! Everything that can be wrong with a call gives one line and exit code 2.

use std::fs;

use crate::harness::{Folder, Ran, albert, albert_with, fixture};

#[test]
fn wrong_use() {
    let cases: [(&[&str], &str); 9] = [
        (&[], "no command"),
        (&["fly"], "'fly'"),
        (&["run"], "<MODEL>"),
        (&["run", "m", "--colour"], "'--colour'"),
        (&["run", "m", "--top-k", "0"], "number from 1 on"),
        (&["run", "m", "--task", "haiku"], "text-classification"),
        (&["run", "m", "text", "--file", "f"], "--file"),
        (&["bench", "m", "--isa", "abacus"], "scalar"),
        (&["synth", "-o", "m", "--geometry", "huge"], "xxlarge"),
    ];
    for (arguments, part) in cases {
        let error = albert(arguments).fails();
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn files_that_are_not_there_or_no_models() {
    let folder = Folder::new();
    let (missing, empty, text) = (folder.path("missing"), folder.write("empty", ""), folder.write("text", "words"));
    let directory = folder.path("");
    for command in ["run", "inspect", "bench", "tokenize"] {
        for (path, part) in
            [(&missing, "cannot open"), (&empty, "empty"), (&text, "cut short"), (&directory, "directory")]
        {
            let error = albert([command, path.as_str()]).fails();
            assert!(error.contains(part) && error.contains(path.as_str()), "{command}: {error}");
        }
    }
    let long = folder.write("long", "no model at all ".repeat(100));
    assert!(albert(["inspect", &long]).fails().contains("no ALBERT model file"));
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 46742144\n";
    let pointer = folder.write("pointer", pointer);
    for command in ["run", "inspect", "tokenize"] {
        let error = albert([command, pointer.as_str()]).fails();
        assert!(error.contains("run git lfs pull"), "{command}: {error}");
    }
}

#[test]
fn a_damaged_model() {
    let folder = Folder::new();
    let model = folder.model_of_ids("sequence-classification-narrow", "int8");
    let mut bytes = fs::read(&model).unwrap();
    let cut = folder.write("cut", &bytes[..bytes.len() - 1]);
    assert!(albert(["inspect", &cut]).fails().contains("instead of"));
    *bytes.last_mut().unwrap() ^= 1;
    let flipped = folder.write("flipped", &bytes);
    assert!(albert(["inspect", &flipped]).fails().contains("checksum"));
    bytes[8] = 77;
    let newer = folder.write("newer", &bytes);
    assert!(albert(["run", &newer]).fails().contains("version 77"));
}

#[test]
fn checkpoints_that_cannot_be_converted() {
    let folder = Folder::new();
    let output = folder.path("m.albert");
    let missing = folder.path("missing");
    assert!(albert(["quantize", &missing, "-o", &output]).fails().contains("missing"));
    let empty = folder.path("empty");
    fs::create_dir(&empty).unwrap();
    albert(["quantize", &empty, "-o", &output]).fails();
    let checkpoint = fixture("model-minute");
    let checkpoint = checkpoint.to_str().unwrap();
    let directory = folder.path("");
    assert!(albert(["quantize", checkpoint, "-o", &directory]).fails().contains("directory"));
    assert!(albert(["quantize", checkpoint, "-o", &output, "--weights", "int3"]).fails().contains("int8"));
    assert!(albert(["quantize", checkpoint, "-o", &output, "--head", "tail"]).fails().contains("masked-lm"));
    assert!(!fs::exists(&output).unwrap(), "no file is left behind");
}

#[test]
fn rows_that_cannot_be_run() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let run = |text: &str| albert(["run", &model, text]).fails();
    assert!(run("").contains("empty"));
    assert!(run("  \t ").contains("empty"));
    assert!(run(&"river ".repeat(60)).contains("62 tokens, more than the 40 that are allowed"));
    assert!(albert(["run", &model, "river", "--layers", "4"]).fails().contains("--layers"));
    assert!(albert(["run", &model, "river", "--task", "fill-mask"]).fails().contains("sequence-classification"));
    assert!(albert_with(b"caf\xe9\n", ["run", &model]).fails().contains("line 1: not UTF-8"));
    assert!(albert(["run", &model, "--file", &folder.path("nowhere")]).fails().contains("cannot open"));
    let rows = [
        ("{\"text\": 5}", "not a row"),
        ("{\"text\"", "not a row"),
        ("{\"pair\": \"x\"}", "no \"text\""),
        ("{\"input_ids\": [2, 101, 3]}", "id 101 at index 1"),
        ("{\"input_ids\": [2, 9, 3], \"token_type_ids\": [0, 0, 2]}", "token type 2 at index 2"),
        ("{\"input_ids\": [2, 9, 3], \"token_type_ids\": [0]}", "differ in length"),
    ];
    for (row, part) in rows {
        let error = albert_with(row, ["run", &model, "--file", "-"]).fails();
        assert!(error.contains("line 1") && error.contains(part), "{row}: {error}");
    }
}

/// A file of JSON lines has no texts outside of its objects; one of another name may.
#[test]
fn lines_of_a_jsonl_file_are_objects() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let lines = "{\"text\": \"the river\"}\nthe river\n\n\"the river\"\n  {\"text\": \"the river\"}\n";
    for name in ["rows.jsonl", "ROWS.NDJSON"] {
        let rows = folder.write(name, lines);
        let ran = albert(["run", &model, "--file", &rows, "--json"]);
        assert_eq!(ran.code, 2);
        let done: Vec<_> =
            ran.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect();
        assert_eq!(done.iter().map(|row| row["row"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 5]);
        for line in [2, 3, 4] {
            assert!(ran.err.contains(&format!("line {line}: not a row in JSON")), "{}", ran.err);
        }
    }
    let texts = folder.write("rows.txt", lines);
    let ran = albert(["run", &model, "--file", &texts, "--json"]);
    assert_eq!((ran.code, ran.out.lines().count()), (2, 4), "the empty line alone is refused: {}", ran.err);
}

#[test]
fn references_that_do_not_fit() {
    let folder = Folder::new();
    let model = folder.model_of_ids("sequence-classification-narrow", "fp32");
    let reference = |name: &str| fixture(name).join("reference.safetensors").to_str().unwrap().to_owned();
    let validate = |path: &str| albert(["validate", &model, "--reference", path]).fails();
    assert!(validate(&folder.path("missing")).contains("cannot open"));
    assert!(validate(&folder.write("text", "no tensors here")).contains("not a safetensors file"));
    assert!(validate(&model).contains("not a safetensors file"));
    assert!(validate(&reference("sequence-classification-square")).contains("has shape"));
}

/// Names of labels, texts and paths come from others; what a person reads has no control character of theirs.
#[test]
fn names_do_nothing_to_a_terminal() {
    const HOSTILE: &str = "\u{1b}]0;title\u{7}\u{1b}[31mred\u{9b}2J\u{202e}";
    let harmless = |ran: Ran| {
        let shown = format!("{}{}", ran.out, ran.err);
        assert!(!shown.contains(|c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}'), "{shown:?}");
        shown
    };
    let folder = Folder::new();
    let model = folder.model_with("sequence-classification-narrow", |config| {
        let labels = config["id2label"].as_object().unwrap().len();
        let named = (0..labels).map(|label| (label.to_string(), format!("{HOSTILE}{label}").into()));
        config["id2label"] = serde_json::Value::Object(named.collect());
    });
    let rows = folder.write("rows.jsonl", r#"{"text": "river", "label": 0}"#.to_owned() + "\n");
    for arguments in
        [vec!["inspect", &model], vec!["run", &model, "the river"], vec!["run", &model, "the river", "--top-k", "3"]]
    {
        let shown = harmless(albert(&arguments));
        assert!(shown.contains("\\u{1b}]0;title"), "{arguments:?}: {shown}");
    }
    harmless(albert(["eval", &model, "--data", &rows]));
    let text = format!("river {HOSTILE}");
    harmless(albert(["tokenize", &model, &text]));
    let label =
        |label: &str| serde_json::json!({ "text": format!("{text} {label}"), "label": format!("{label}{HOSTILE}") });
    let rows: String = (0..12).map(|row| label(["north", "paris"][row % 2]).to_string() + "\n").collect();
    let (rows, fitted) = (folder.write("own.jsonl", rows), folder.path("fitted.albert"));
    harmless(albert(["fit", &model, "--data", &rows, "-o", &fitted, "--folds", "2"]));
    harmless(albert(["run", &fitted, &text]));
    harmless(albert(["run", &folder.path(HOSTILE)]));
}
