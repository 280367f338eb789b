//! The program, and small models made by it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What a program that has ended wrote.
    pub(crate) fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code().expect("an exit code"), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Standard output of a run that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// Standard output as JSON, one value a line.
    #[track_caller]
    pub(crate) fn json(self) -> Vec<Value> {
        assert_eq!(self.err, "", "{}", self.out);
        self.json_and_warnings()
    }

    /// As [`Self::json`], for a run that may warn.
    #[track_caller]
    pub(crate) fn json_and_warnings(self) -> Vec<Value> {
        let warned = self.err.lines().all(|line| line.starts_with("warning: "));
        assert!(self.code == 0 && warned, "{}{}", self.err, self.out);
        self.out.lines().map(|line| serde_json::from_str(line).expect("a JSON value a line")).collect()
    }

    /// The one line on standard error of a run that failed.
    #[track_caller]
    pub(crate) fn fails(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{}", self.err);
        assert_eq!(self.err.lines().count(), 1, "one line: {}", self.err);
        self.err.trim_end().strip_prefix("error: ").expect("an error").to_owned()
    }
}

/// Runs the program with nothing on standard input.
pub(crate) fn albert<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    albert_with("", arguments)
}

/// Runs the program with `input` on standard input.
pub(crate) fn albert_with<A: AsRef<std::ffi::OsStr>>(
    input: impl AsRef<[u8]>,
    arguments: impl IntoIterator<Item = A>,
) -> Ran {
    let mut command = program();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.as_ref().to_vec();
    // A program that fails does not read its input.
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap_or_default());
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    Ran::new(output)
}

/// The program; behind the emulator that `ALBERT_RUNNER` names, with its options, when it is for another machine.
pub(crate) fn program() -> Command {
    let program = env!("CARGO_BIN_EXE_albert");
    let runner = std::env::var("ALBERT_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(emulator) = words.next() else { return Command::new(program) };
    let mut command = Command::new(emulator);
    command.args(words).arg(program);
    command
}

/// A checkpoint of this repository.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// Characters of HTML in a file's name, and how a page has them. Windows forbids the angle brackets in a name.
pub(crate) const MARKUP: (&str, &str) = if cfg!(windows) { ("&", "&amp;") } else { ("<&>", "&lt;&amp;&gt;") };

/// A folder for a test's files.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).expect("writable");
        path
    }

    /// A model of a fixture that has no tokenizer.
    pub(crate) fn model_of_ids(&self, name: &str, weights: &str) -> String {
        let model = self.path(&format!("{name}-{weights}.albert"));
        let checkpoint = fixture(name);
        let ran = albert(["quantize", checkpoint.to_str().expect("UTF-8"), "-o", &model, "--weights", weights]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        model
    }

    /// A fp32 model of a fixture with a tokenizer of words.
    pub(crate) fn model(&self, name: &str) -> String {
        self.model_with(name, |_| {})
    }

    /// As [`Self::model`], with a changed configuration.
    pub(crate) fn model_with(&self, name: &str, change: impl FnOnce(&mut Value)) -> String {
        let checkpoint = self.0.path().join(name);
        fs::create_dir(&checkpoint).expect("a new folder");
        let config = fs::read_to_string(fixture(name).join("config.json")).expect("readable");
        let mut config: Value = serde_json::from_str(&config).expect("JSON");
        change(&mut config);
        fs::write(checkpoint.join("config.json"), config.to_string()).expect("writable");
        fs::copy(fixture(name).join("model.safetensors"), checkpoint.join("model.safetensors")).expect("a copy");
        fs::write(checkpoint.join("tokenizer.json"), tokenizer().to_string()).expect("writable");
        let model = self.path(&format!("{name}.albert"));
        let checkpoint = checkpoint.to_str().expect("UTF-8").to_owned();
        albert(["quantize", &checkpoint, "-o", &model, "--weights", "fp32"]).ok();
        model
    }
}

/// Words that the tokenizer of the tests knows; everything else falls into letters.
pub(crate) const WORDS: [&str; 8] = ["the", "river", "runs", "north", "of", "paris", "and", "london"];

/// A unigram tokenizer with ALBERT's pipeline.
fn tokenizer() -> Value {
    let special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"];
    let mut vocabulary: Vec<Value> = special.iter().map(|token| json!([token, 0.0])).collect();
    vocabulary.push(json!(["\u{2581}", -3.0]));
    vocabulary.extend(WORDS.iter().map(|word| json!([format!("\u{2581}{word}"), -5.0])));
    vocabulary.extend(('a'..='z').map(|letter| json!([letter.to_string(), -8.0])));
    let added = special.iter().enumerate().map(|(id, token)| {
        json!({ "id": id, "content": token, "single_word": false, "lstrip": *token == "[MASK]", "rstrip": false,
                "normalized": false, "special": true })
    });
    let special_token = |token: &str, id: u32| json!({ "id": token, "ids": [id], "tokens": [token] });
    let place = |token: &str, type_id: u32| json!({ "SpecialToken": { "id": token, "type_id": type_id } });
    let text = |side: &str, type_id: u32| json!({ "Sequence": { "id": side, "type_id": type_id } });
    let metaspace =
        json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true });
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added.collect::<Vec<_>>(),
        "normalizer": { "type": "Sequence", "normalizers": [{ "type": "Lowercase" }] },
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [{ "type": "WhitespaceSplit" }, metaspace] },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [place("[CLS]", 0), text("A", 0), place("[SEP]", 0)],
            "pair": [place("[CLS]", 0), text("A", 0), place("[SEP]", 0), text("B", 1), place("[SEP]", 1)],
            "special_tokens": { "[CLS]": special_token("[CLS]", 2), "[SEP]": special_token("[SEP]", 3) }
        },
        "decoder": metaspace,
        "model": { "type": "Unigram", "unk_id": 1, "vocab": vocabulary, "byte_fallback": false }
    })
}
