//! Rows from everywhere, in order, and the bad ones among them.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Folder, WORDS, albert, albert_with, program};

#[test]
fn the_same_text_gives_the_same_answer_from_everywhere() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let text = "the river runs north of Paris";
    for json in [&[][..], &["--json"]] {
        let argument = albert([&["run", &model, text], json].concat()).ok();
        let line = format!("{text}\n");
        assert_eq!(albert_with(&line, [&["run", &model], json].concat()).ok(), argument);
        assert_eq!(albert_with(text, [&["run", &model], json].concat()).ok(), argument, "without a line feed");
        let plain = folder.write("plain", format!("{text}\r\n"));
        assert_eq!(albert([&["run", &model, "--file", &plain], json].concat()).ok(), argument);
        let rows = folder.write("rows", format!("{{\"text\": \"{text}\"}}\n"));
        assert_eq!(albert([&["run", &model, "--file", &rows], json].concat()).ok(), argument);
        assert_eq!(albert_with(&line, [&["run", &model, "--file", "-"], json].concat()).ok(), argument);
    }
}

#[test]
fn pairs_from_options_and_rows() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let pair = albert(["run", &model, "the river", "--text-pair", "london"]).ok();
    assert_ne!(pair, albert(["run", &model, "the river"]).ok());
    let row = "{\"text\": \"the river\", \"pair\": \"london\"}";
    assert_eq!(albert_with(row, ["run", &model, "--file", "-"]).ok(), pair);
    let row = "{\"text\": \"the river\", \"text_pair\": \"london\"}";
    assert_eq!(albert_with(row, ["run", &model, "--file", "-"]).ok(), pair);
}

/// Many texts of different lengths.
fn texts(count: usize) -> Vec<String> {
    let word = |at: usize| WORDS[at % WORDS.len()];
    let text = |at: usize| (0..1 + at * 7 % 23).map(|place| word(at * 5 + place * 3)).collect::<Vec<_>>().join(" ");
    (0..count).map(text).collect()
}

#[test]
fn threads_change_nothing() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let file = folder.write("texts", texts(300).join("\n"));
    let one = albert(["run", &model, "--file", &file, "--json", "--threads", "1"]).json();
    assert_eq!(one.len(), 300);
    assert!(one.iter().zip(1..).all(|(line, row)| line["row"] == row), "in order");
    for threads in ["2", "5"] {
        assert_eq!(albert(["run", &model, "--file", &file, "--json", "--threads", threads]).json(), one);
    }
}

#[test]
fn a_bad_row_is_reported_and_the_rest_go_on() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let file = folder.write("rows", b"the river\n\nlondon\n\xff\xfe\n{\"text\": 1}\nparis\n");
    for threads in ["1", "3"] {
        let ran = albert(["run", &model, "--file", &file, "--json", "--threads", threads]);
        assert_eq!(ran.code, 2);
        let rows: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.iter().map(|row| row["row"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 3, 6]);
        let errors: Vec<&str> = ran.err.lines().collect();
        assert_eq!(errors.len(), 3, "{}", ran.err);
        for (error, (line, part)) in errors.iter().zip([(2, "empty"), (4, "not UTF-8"), (5, "not a row")]) {
            assert!(error.starts_with("error: ") && error.contains(&format!("line {line}: ")), "{error}");
            assert!(error.contains(part), "{error}");
        }
    }
}

/// Pairs, questions and choices in a file, a bad row among them: on any number of threads what each gives by itself.
#[test]
fn rows_of_every_task() {
    let question =
        |text: &str, at: usize| format!("{{\"question\": \"the {text}\", \"context\": \"{}\"}}", texts(at + 1)[at]);
    let pair = |text: &str, at: usize| format!("{{\"text\": \"{text}\", \"pair\": \"{}\"}}", texts(at + 1)[at]);
    let choices = |text: &str, at: usize| {
        format!("{{\"text\": \"{text}\", \"choices\": [\"north\", \"{}\", \"of\"]}}", texts(at + 1)[at])
    };
    type MakeRow<'f> = &'f dyn Fn(&str, usize) -> String;
    let tasks: [(&str, MakeRow<'_>); 3] = [
        ("question-answering-long", &question),
        ("sequence-classification-narrow", &pair),
        ("multiple-choice-narrow", &choices),
    ];
    for (fixture, row) in tasks {
        let folder = Folder::new();
        let model = folder.model(fixture);
        let mut rows: Vec<String> = (0..40).map(|at| row(WORDS[at % WORDS.len()], at)).collect();
        let alone = albert_with(&rows[7], ["run", &model, "--file", "-", "--json"]).json();
        rows[20] = "{\"question\": 7}".to_owned();
        let file = folder.write("rows", rows.join("\n"));
        let run = |threads| {
            let ran = albert(["run", &model, "--file", &file, "--json", "--threads", threads]);
            assert!(
                ran.code == 2 && ran.err.lines().count() == 1 && ran.err.contains("line 21: not a row"),
                "{}",
                ran.err
            );
            ran.out
        };
        let out = run("1");
        assert_eq!(run("3"), out);
        let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut numbers: Vec<u64> = lines.iter().map(|line| line["row"].as_u64().unwrap()).collect();
        assert!(numbers.is_sorted());
        numbers.dedup();
        assert!(numbers.iter().copied().eq((1..=40).filter(|&row| row != 21)), "{fixture}: {numbers:?}");
        let mut eighth: Vec<Value> = lines.into_iter().filter(|line| line["row"] == 8).collect();
        eighth.iter_mut().for_each(|line| line["row"] = 1.into());
        assert_eq!(eighth, alone, "{fixture}");
    }
}

/// Lines of other systems, of broken programs, and one without end: each is what it is, and the others go on.
#[test]
fn lines_of_every_kind() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let expected = albert(["run", &model, "the river", "london", "--json"]).json();
    let lines = |bytes: &[u8]| {
        let file = folder.write("lines", bytes);
        let from_file = albert(["run", &model, "--file", &file, "--json"]).json();
        assert_eq!(albert_with(bytes, ["run", &model, "--file", "-", "--json"]).json(), from_file);
        from_file
    };
    assert_eq!(lines(b"the river\r\nlondon\r\n"), expected);
    assert_eq!(lines(b"\xef\xbb\xbfthe river\nlondon"), expected);
    assert_eq!(lines(b"\xef\xbb\xbf{\"text\": \"the river\"}\r\n{\"text\": \"london\", \"id\": [1]}\r\n"), expected);
    for long in [16 << 20, (16 << 20) + 1, 40 << 20] {
        let mut bytes = b"the river\n".to_vec();
        bytes.resize(bytes.len() + long, b'x');
        bytes.extend(b"\nlondon\n");
        let ran = albert_with(bytes, ["run", &model, "--json", "--threads", "2"]);
        let rows: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((ran.code, rows.len(), &rows[0]), (2, 2, &expected[0]));
        assert_eq!((rows[1]["row"].as_u64(), &rows[1]["label"]), (Some(3), &expected[1]["label"]));
        assert!(ran.err.starts_with("error: ") && ran.err.contains("line 2: longer than 16 MiB"), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1);
    }
    let endless = vec![b'x'; 17 << 20];
    assert!(albert_with(endless, ["run", &model]).fails().contains("line 1: longer than 16 MiB"));
}

/// Whoever feeds one line and waits for its answer gets it, before the next line and before the end.
#[test]
fn answers_come_as_soon_as_they_are_there() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let mut command = program();
    command.args(["run", &model, "--threads", "2"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut answers = BufReader::new(stdout).lines();
    for text in texts(3) {
        writeln!(stdin, "{text}").unwrap();
        assert_eq!(answers.next().unwrap().unwrap(), albert(["run", &model, &text]).ok().trim_end());
    }
    drop(stdin);
    assert!(answers.next().is_none() && child.wait().unwrap().success());
}

/// `albert run … | head -1` is no error.
#[test]
fn a_reader_that_stops_is_no_error() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let file = folder.write("texts", texts(2000).join("\n"));
    let mut command = program();
    command.args(["run", &model, "--file", &file]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!first.is_empty() && output.status.success() && output.stderr.is_empty());
}

#[test]
fn tokens_with_the_names_of_the_reference_library() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let expected = serde_json::json!({
        "ids": [2, 7, 19, 3, 13, 3],
        "tokens": ["[CLS]", "\u{2581}river", "f", "[SEP]", "\u{2581}london", "[SEP]"],
        "offsets": [[0, 0], [0, 5], [5, 6], [0, 0], [0, 6], [0, 0]],
        "type_ids": [0, 0, 0, 0, 1, 1],
        "attention_mask": [1, 1, 1, 1, 1, 1],
        "special_tokens_mask": [1, 0, 0, 1, 0, 1],
        "row": 1
    });
    let arguments = ["tokenize", &model, "riverf", "--text-pair", "London", "--json"];
    assert_eq!(albert(arguments).json().remove(0), expected);
    let row = "{\"text\": \"riverf\", \"pair\": \"London\"}";
    assert_eq!(albert_with(row, ["tokenize", &model, "--file", "-", "--json"]).json().remove(0), expected);
    let unknown = albert(["tokenize", &model, "river \u{2665}", "--json"]).json().remove(0);
    assert_eq!(unknown["tokens"], serde_json::json!(["[CLS]", "\u{2581}river", "\u{2581}", "<unk>", "[SEP]"]));
    let cut = |arguments: &[&str]| {
        let line = albert([&["tokenize", &model, "--json"], arguments].concat()).json().remove(0);
        line["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(cut(&["the river runs", "--max-tokens", "4"]), [2, 6, 7, 3]);
    let pair = ["the river runs", "--text-pair", "london", "--max-tokens", "5"];
    assert_eq!(cut(&[&pair[..], &["--truncation", "only_first"]].concat()), [2, 6, 3, 13, 3]);
    assert_eq!(cut(&[""]), [2, 3]);
    let error =
        albert(["tokenize", &model, "the river", "--max-tokens", "3", "--truncation", "do_not_truncate"]).fails();
    assert!(error.contains("4 tokens"), "{error}");
    let table = albert(["tokenize", &model, "river"]).ok();
    assert_eq!(table, "2\t[CLS]\t0-0\n7\t\u{2581}river\t0-5\n3\t[SEP]\t0-0\n");
}
