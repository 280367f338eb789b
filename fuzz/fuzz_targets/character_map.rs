//! Any bytes as the precompiled character map of a tokenizer: refused in one line, or compiled and used on a text that follows it.
//! The first byte is the length of the text.
#![no_main]

use albert_quant::tokenizer::compile_json;
use albert_tests::robust;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

albert_fuzz::target!(init: albert_fuzz::models::unicode_tables(), |bytes| check(bytes));

fn check(bytes: &[u8]) -> Option<()> {
    let (&length, rest) = bytes.split_first()?;
    let (text, map) = rest.split_at_checked(length.into())?;
    let tokenizer = json!({
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": STANDARD.encode(map)},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always"},
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["\u{2581}a", -1.0], ["b", -2.0], ["fi", -3.0]]},
    });
    robust::compiled(compile_json(tokenizer.to_string().as_bytes(), None), &String::from_utf8_lossy(text));
    Some(())
}
