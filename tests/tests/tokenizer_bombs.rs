//! Tokenizer files that ask for far more than they hold: an error or a result, in little memory and time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use albert_quant::tokenizer::{CompileError, CompiledTokenizer, SpieceKind, compile_json, compile_spiece};
use albert_tests::clock::Clock;
use albert_tests::memory::{self, Counting};
use albert_tests::page;
use base64::Engine;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The table of `docs/security.md`.
static TABLE: Mutex<String> = Mutex::new(String::new());

/// Bytes for every byte of a file, and beside them.
const BYTES_PER_BYTE: usize = 10;
const BYTES: usize = 64 << 20;
/// Five seconds in a release build; debug builds are slower.
const TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 5 });

fn bounded(
    name: &str,
    file: &[u8],
    compile: impl Fn(&[u8]) -> Result<CompiledTokenizer, CompileError>,
) -> Result<CompiledTokenizer, CompileError> {
    let clock = Clock::start();
    let (compiled, peak) = memory::peak(|| compile(file));
    let time = clock.elapsed();
    let found =
        compiled.as_ref().map_or_else(ToString::to_string, |compiled| format!("{} bytes", compiled.bytes.len()));
    let short: String = found.chars().take(80).collect();
    println!("{name}: {} bytes, {} KiB, {time:.1?}: {short}", file.len(), peak >> 10);
    let (memory, seconds) = (peak as f64 / 1e6, time.as_secs_f64());
    let row = format!("| {name} | {} | {memory:.1} MB | {seconds:.2} s | {short} |\n", file.len());
    TABLE.lock().unwrap_or_else(PoisonError::into_inner).push_str(&row);
    assert!(peak <= file.len() * BYTES_PER_BYTE + BYTES, "{name}: {peak} bytes for {}", file.len());
    assert!(time < TIME, "{name}: {time:?}");
    if let Ok(compiled) = &compiled {
        assert!(compiled.bytes.len() <= file.len() * BYTES_PER_BYTE + (4 << 20), "{name}: the section");
    }
    compiled
}

fn vocabulary() -> Vec<Value> {
    let scored = |piece: &str| json!([piece, -2.0]);
    ["<unk>", "[CLS]", "[SEP]", "<pad>", "a", "b", "[MASK]"].into_iter().map(scored).collect()
}

/// A `tokenizer.json` with some components replaced.
fn file(components: Value) -> Vec<u8> {
    let mut json = json!({"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
        "post_processor": null, "decoder": null, "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary()}});
    for (name, component) in components.as_object().expect("an object") {
        json[name] = component.clone();
    }
    json.to_string().into_bytes()
}

fn sequence(part: Value, times: usize) -> Value {
    let parts = part.as_array().expect("a list");
    let parts: Vec<&Value> = std::iter::repeat_n(parts, times).flatten().collect();
    json!({"normalizer": {"type": "Sequence", "normalizers": parts}})
}

fn replace(pattern: &str, content: &str) -> Value {
    json!({"type": "Replace", "pattern": {"String": pattern}, "content": content})
}

/// A character map whose trie shares units: `fan` labels on each of `levels` levels lead to one node. Every key is replaced by
/// `text`.
fn charsmap(levels: u32, fan: u32, text: &str, terminal: bool) -> Vec<u8> {
    let mut units = vec![0u32; 256 * (levels as usize + 3)];
    units[0] = 256 << 10;
    for level in 0..levels {
        let (base, next) = (256 * (level + 1), 256 * (level + 2));
        for label in 1..=fan {
            let at = base ^ label;
            units[at as usize] = (at ^ next) << 10 | if terminal { 0x100 } else { 0 } | label;
        }
        units[next as usize] = 1 << 31;
    }
    let trie: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    [&(trie.len() as u32).to_le_bytes()[..], &trie, text.as_bytes(), b"\0"].concat()
}

fn precompiled(map: &[u8]) -> Value {
    let encoded = base64::engine::general_purpose::STANDARD.encode(map);
    json!({"normalizer": {"type": "Precompiled", "precompiled_charsmap": encoded}})
}

/// Pieces of random characters of several lengths in UTF-8.
fn random_pieces(count: usize) -> Value {
    let mut random = albert_tests::tokenizers::Random::new(1);
    let mut vocab = vocabulary();
    for _ in 0..count {
        let piece: String = (0..40)
            .filter_map(|_| {
                char::from_u32(random.pick(&[0x61, 0x62, 0x100, 0x4e00, 0x10400]) + random.below(20) as u32)
            })
            .collect();
        vocab.push(json!([piece, -5.0]));
    }
    json!({"model": {"type": "Unigram", "unk_id": 0, "vocab": vocab}})
}

/// Three children far apart under each of many nodes.
fn spread_pieces(count: u32) -> Value {
    let mut vocab = vocabulary();
    for index in 0..count {
        let start: String = (0..3).filter_map(|place| char::from_u32(0x21 + (index >> (6 * place) & 63))).collect();
        vocab.extend(['\u{22}', '\u{7e}', '\u{ff}'].map(|last| json!([format!("{start}{last}"), -5.0])));
    }
    json!({"model": {"type": "Unigram", "unk_id": 0, "vocab": vocab}})
}

/// Also writes the table of `docs/security.md` when `ALBERT_WRITE_DOCS` is set.
#[test]
fn files_that_ask_for_much() {
    let json = |name: &str, file: Vec<u8>| bounded(name, &file, |file| compile_json(file, None));
    let refused = |name: &str, file: Vec<u8>| match json(name, file) {
        Ok(_) => panic!("{name} is accepted"),
        Err(error) => error.to_string(),
    };
    // Text that grows without end.
    assert!(json("replacements that double 8 times", file(sequence(json!([replace("a", "aa")]), 8))).is_ok());
    for times in [16, 24, 40] {
        refused("replacements that double", file(sequence(json!([replace("a", "aa")]), times)));
    }
    let wide = refused("replacements by 1,000", file(sequence(json!([replace("a", &"a".repeat(1000))]), 4)));
    assert!(wide.contains("255"), "{wide}");
    let wide = refused("replacements by 200", file(sequence(json!([replace("a", &"a".repeat(200))]), 2)));
    assert!(wide.contains("1024 times as long"), "{wide}");
    assert!(json("one replacement by 200", file(sequence(json!([replace("a", &"a".repeat(200))]), 1))).is_ok());
    // Work for every component.
    refused("NFKC and lower case", file(sequence(json!([{"type": "NFKC"}, {"type": "Lowercase"}]), 500)));
    let four = json!([{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Nmt"}, {"type": "Lowercase"}]);
    refused("NFD and three more", file(sequence(four.clone(), 2000)));
    assert!(json("NFD and three more, a few times", file(sequence(four, 3))).is_ok());
    let mut nested = String::from("{\"type\":\"Lowercase\"}");
    for _ in 0..20_000 {
        nested = format!("{{\"type\":\"Sequence\",\"normalizers\":[{nested}]}}");
        if nested.len() > 400_000 {
            break;
        }
    }
    let deep = String::from_utf8(file(json!({"normalizer": "@"}))).expect("UTF-8").replace("\"@\"", &nested);
    refused("nested sequences", deep.into_bytes());
    // Character maps.
    refused("a character map with long replacements", file(precompiled(&charsmap(2, 200, &"z".repeat(100_000), true))));
    let _ = json("a character map that shares units", file(precompiled(&charsmap(2, 200, "z", true))));
    refused("a character map without keys", file(precompiled(&charsmap(12, 200, "z", false))));
    // Long lists.
    let special = json!({"SpecialToken": {"id": "s", "type_id": 0}});
    let mut single = vec![json!({"Sequence": {"id": "A", "type_id": 0}})];
    single.extend(std::iter::repeat_n(special, 100_000));
    let post = json!({"type": "TemplateProcessing", "single": single,
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"s": {"id": "s", "ids": vec![1; 1000], "tokens": ["[CLS]"]}}});
    refused("a long template", file(json!({"post_processor": post})));
    let added: Vec<Value> = (0..50_000)
        .map(|id| {
            json!({"id": id, "content": format!("x{id}"), "single_word": false, "lstrip": true, "rstrip": true,
                "normalized": id % 10 == 0, "special": true})
        })
        .collect();
    let _ = json("many added tokens", file(json!({"added_tokens": added})));
    // Pieces.
    let mut vocab = vocabulary();
    vocab.push(json!(["a".repeat(1_000_000), -5.0]));
    refused("a long piece", file(json!({"model": {"type": "Unigram", "unk_id": 0, "vocab": vocab}})));
    assert!(json("random pieces", file(random_pieces(20_000))).is_ok());
    assert!(json("pieces with children far apart", file(spread_pieces(30_000))).is_ok());
    let word_piece = |vocab: Value, prefix: &str| {
        file(json!({"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": prefix,
            "max_input_chars_per_word": u32::MAX, "vocab": vocab}}))
    };
    refused("a long prefix", word_piece(json!({"[UNK]": 0, "a": 1}), &"#".repeat(1_000_000)));
    refused("high ids", word_piece(json!({"[UNK]": 0, "a": 4_294_967_294u32, "b": 2_147_483_647}), "##"));
    // SentencePiece: the same map, and lower-case tokens in every casing.
    let spiece = [
        spiece_piece("<unk>", 2),
        spiece_piece("a", 1),
        field(3, &field(2, &charsmap(2, 200, &"z".repeat(100_000), true))),
    ];
    let map = bounded("spiece.model with such a map", &spiece.concat(), |file| {
        compile_spiece(file, None, SpieceKind::SentencePiece)
    });
    assert!(map.is_err());
    let tokens: serde_json::Map<String, Value> =
        (2..6_000).map(|id| (id.to_string(), json!({"content": format!("abcdefgh{id}")}))).collect();
    let config = json!({"added_tokens_decoder": tokens, "do_lower_case": true}).to_string();
    let model = [spiece_piece("<unk>", 2), spiece_piece("a", 1)].concat();
    let listed = bounded("added tokens in every casing", config.as_bytes(), |config| {
        compile_spiece(&model, Some(config), SpieceKind::SentencePiece)
    });
    assert!(listed.is_err());
    let rows = TABLE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    page::write(
        "security.md",
        "tokenizers",
        &format!("| input | bytes | memory | time | |\n|---|--:|--:|--:|---|\n{rows}"),
    );
}

/// A field of a protobuf message that holds bytes.
fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut message = varint(number << 3 | 2);
    message.extend(varint(bytes.len() as u64));
    message.extend(bytes);
    message
}

fn spiece_piece(text: &str, kind: u8) -> Vec<u8> {
    let mut piece = field(1, text.as_bytes());
    piece.push(2 << 3 | 5);
    piece.extend((-2f32).to_le_bytes());
    piece.extend([3 << 3, kind]);
    field(1, &piece)
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
