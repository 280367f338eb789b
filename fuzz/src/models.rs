//! Small valid models that targets run, and small tokenizers.

use std::path::Path;
use std::sync::OnceLock;

use albert_core::format::layout::section;
use albert_quant::tokenizer::{SpieceKind, compile_spiece};
use albert_tests::aligned::Aligned;
use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;
use albert_tests::tokenizers::{compile, fixture, unigram_json, wordpiece_json};
use serde_json::{Value, json};

/// Models of several heads and kinds of weights; the first has a tokenizer.
pub fn all() -> &'static [Aligned] {
    static ALL: OnceLock<Vec<Aligned>> = OnceLock::new();
    ALL.get_or_init(|| {
        let split = Inputs { extra: 3, smoothing: true };
        let with_tokenizer = |mut parts: Parts| {
            parts.more.push((section::TOKENIZER, 0, compile(&unigram())));
            parts
        };
        vec![
            with_tokenizer(of("sequence-classification-narrow", Storage::INT8)).assemble(),
            of("token-classification-groups", Storage::Int8(split)).assemble(),
            of("masked-lm-inner", Storage::F16).assemble(),
            of("question-answering-square", Storage::Codebook(16, split)).assemble(),
        ]
    })
}

fn of(fixture: &str, storage: Storage) -> Parts {
    Parts::new(&Reference::load(&fixtures::load(fixture).directory), storage)
}

/// The smallest encoder; head files are tried on it.
pub fn encoder() -> Aligned {
    let heads = Path::new(env!("CARGO_MANIFEST_DIR")).join("../albert-quant/tests/fixtures/heads");
    Parts::new(&Reference::load(&heads.join("none")), Storage::INT8).assemble()
}

/// Works out the tables of Unicode that compiling tokenizers takes once in a process: seconds with coverage counters.
pub fn unicode_tables() {
    for json in [unigram_json(), wordpiece_json()] {
        compile(&json);
    }
    let spiece = fixture("spiece.model");
    for kind in [SpieceKind::SentencePiece, SpieceKind::Converted] {
        drop(compile_spiece(&spiece, None, kind));
    }
}

/// A Unigram tokenizer of a few pieces that replaces one text; it needs no Unicode tables, which make sections long.
pub fn unigram() -> Value {
    let pieces = ["<unk>", "[CLS]", "[SEP]", "<pad>", "[MASK]", "\u{2581}a", "\u{2581}", "b", ",", "1", "1,", "한"];
    let vocabulary: Vec<Value> = pieces.iter().enumerate().map(|(id, piece)| json!([piece, -(id as f32)])).collect();
    json!({
        "added_tokens": [added(4, "[MASK]")],
        "normalizer": {"type": "Replace", "pattern": {"String": "``"}, "content": "b"},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always"},
        "post_processor": template(),
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary},
    })
}

/// A WordPiece tokenizer of a few pieces without Unicode tables.
pub fn wordpiece() -> Value {
    let pieces = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "a", "##a", "##b", "b", ",", "1", "한", "##국"];
    let vocabulary: serde_json::Map<String, Value> =
        pieces.iter().enumerate().map(|(id, &piece)| (piece.to_owned(), json!(id))).collect();
    json!({
        "added_tokens": [added(1, "[CLS]"), added(2, "[SEP]")],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": template(),
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 20,
            "vocab": vocabulary,
        },
    })
}

fn added(id: u32, content: &str) -> Value {
    json!({
        "id": id, "content": content, "single_word": false, "lstrip": true, "rstrip": false, "normalized": false,
        "special": true,
    })
}

fn template() -> Value {
    let special = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
    let sequence = |id: &str, kind: u32| json!({"Sequence": {"id": id, "type_id": kind}});
    let token = |token: &str, id: u32| json!({"id": token, "ids": [id], "tokens": [token]});
    json!({
        "type": "TemplateProcessing",
        "single": [special("[CLS]"), sequence("A", 0), special("[SEP]")],
        "pair": [special("[CLS]"), sequence("A", 0), special("[SEP]"), sequence("B", 1), special("[SEP]")],
        "special_tokens": {"[CLS]": token("[CLS]", 1), "[SEP]": token("[SEP]", 2)},
    })
}
