//! The tokenizer on recorded results of the original libraries.

use albert_core::tokenizer::{EncodeOptions, Tokenizer, Truncation, windows};
use albert_quant::tokenizer::{
    Choices, CompileError, Note, SpieceKind, compile_directory, compile_json, compile_spiece, compile_vocab, vocabulary,
};
use albert_tests::at_hand::shared;
use albert_tests::tokenizers::{Section, encode, fixture, unigram_json, wordpiece_json};
use serde_json::{Value, json};

fn rows(text: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(text).expect("UTF-8").lines();
    lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Encodes a row and compares what it records; `surfaces` says whether its tokens are the text that was matched.
fn check(tokenizer: &Tokenizer<'_>, row: &Value, surfaces: bool) {
    let text = row["text"].as_str().expect("text");
    let truncation = row["truncation"]
        .as_str()
        .map_or(Truncation::LongestFirst, |name| Truncation::from_name(name).expect("a known strategy"));
    let max_tokens = row["max_length"].as_u64().map(|max| max as usize);
    let options = EncodeOptions { max_tokens, truncation, surfaces, ..EncodeOptions::default() };
    let mut memory = Vec::new();
    let found = encode(tokenizer, text, row["pair"].as_str(), &options, &mut memory).expect("encodes");
    let tokens: Vec<&str> = (0..found.len()).filter_map(|index| found.token(tokenizer, index)).collect();
    let offsets: Vec<[u32; 2]> = found.offsets().iter().map(|offsets| [offsets.start, offsets.end]).collect();
    assert_eq!(json!(tokens), row["tokens"], "{row}");
    assert_eq!(json!(found.ids()), row["ids"], "{row}");
    assert_eq!(json!(offsets), row["offsets"], "{row}");
    assert_eq!(json!(found.type_ids()), row["type_ids"], "{row}");
    if let Some(words) = row.get("words") {
        let found: Vec<Option<u32>> = (0..found.len()).map(|index| found.word_id(index)).collect();
        assert_eq!(json!(found), *words, "{row}");
    }
    if let Some(decoded) = row.get("decoded").and_then(Value::as_str) {
        let mut text = String::new();
        tokenizer.decode(found.ids(), false, &mut text).expect("strings take everything");
        assert_eq!(text, decoded, "{row}");
    }
    if let Some(normalized) = row.get("normalized").and_then(Value::as_str) {
        let mut memory = vec![0; 4096 + text.len() * 512];
        assert_eq!(tokenizer.normalize(text, &mut memory), Ok(normalized), "{row}");
    }
}

#[test]
fn shared_cases() {
    let (Some(json), Some(cases)) = (shared("tokenizer/tokenizer.json"), shared("tokenizer/cases.jsonl")) else {
        return;
    };
    let section = Section::json(&std::fs::read(json).expect("readable"));
    let rows = rows(&std::fs::read(cases).expect("readable"));
    // These tokens were looked up by id.
    rows.iter().for_each(|row| check(&section.tokenizer(), row, false));
    println!("{} cases", rows.len());
}

#[test]
fn recorded_rows() {
    for (json, recorded) in [(unigram_json(), "unigram.jsonl"), (wordpiece_json(), "wordpiece.jsonl")] {
        let section = Section::json(json.to_string().as_bytes());
        let rows = rows(&fixture(recorded));
        assert!(rows.len() > 100);
        rows.iter().for_each(|row| check(&section.tokenizer(), row, true));
    }
}

#[test]
fn sentence_piece_rows() {
    for (name, config) in [("default", "{}"), ("cased", r#"{"do_lower_case": false, "keep_accents": true}"#)] {
        let compiled = compile_spiece(&fixture("spiece.model"), Some(config.as_bytes()), SpieceKind::SentencePiece)
            .expect("compiles");
        let section = Section::of(&compiled);
        let tokenizer = section.tokenizer();
        let options = EncodeOptions { add_special_tokens: false, surfaces: true, ..EncodeOptions::default() };
        let rows = rows(&fixture("spiece.jsonl"));
        for row in &rows {
            let mut memory = Vec::new();
            let found =
                encode(&tokenizer, row["text"].as_str().expect("text"), None, &options, &mut memory).expect("encodes");
            let tokens: Vec<&str> = (0..found.len()).filter_map(|index| found.token(&tokenizer, index)).collect();
            assert_eq!(json!(tokens), row[name]["tokens"], "{name}: {}", row["text"]);
            assert_eq!(json!(found.ids()), row[name]["ids"], "{name}: {}", row["text"]);
        }
    }
}

/// What transformers makes of SentencePiece files that have no `tokenizer.json`.
#[test]
fn converted_rows() {
    let mut choices = Choices::default();
    choices.kind = Some(SpieceKind::Converted);
    let kinds = [
        ("converted.jsonl", "spiece.model", &choices, "default", "{}"),
        ("converted.jsonl", "spiece.model", &choices, "cased", r#"{"do_lower_case": false, "keep_accents": true}"#),
        ("converted-xlm.jsonl", "sentencepiece.bpe.model", Choices::NONE, "default", "{}"),
    ];
    for (recorded, file, choices, name, config) in kinds {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join(file), fixture("spiece.model")).expect("writable");
        std::fs::write(directory.path().join("tokenizer_config.json"), config).expect("writable");
        let compiled = compile_directory(directory.path(), choices).unwrap_or_else(|error| panic!("{error}"));
        let section = Section::of(&compiled);
        let rows = rows(&fixture(recorded));
        let rows: Vec<&Value> = rows.iter().filter(|row| row["configuration"] == name).collect();
        assert!(rows.len() > 100);
        rows.iter().for_each(|row| check(&section.tokenizer(), row, true));
    }
}

/// Equal scores, user-defined symbols and unknown text, in tiny models.
#[test]
fn sentence_piece_ties() {
    use base64::Engine;
    let (mut texts, mut models) = (0, 0);
    for row in rows(&fixture("spiece-ties.jsonl")) {
        let model = row["model"].as_str().expect("base64");
        let model = base64::engine::general_purpose::STANDARD.decode(model).expect("base64");
        let section = Section::of(&compile_spiece(&model, None, SpieceKind::SentencePiece).expect("compiles"));
        let tokenizer = section.tokenizer();
        let options = EncodeOptions { add_special_tokens: false, surfaces: true, ..EncodeOptions::default() };
        for case in row["cases"].as_array().expect("cases") {
            let mut memory = Vec::new();
            let text = case["text"].as_str().expect("text");
            let found = encode(&tokenizer, text, None, &options, &mut memory).expect("encodes");
            let tokens: Vec<&str> = (0..found.len()).filter_map(|index| found.token(&tokenizer, index)).collect();
            assert_eq!(json!(tokens), case["tokens"], "model {models}: {text:?}");
            assert_eq!(json!(found.ids()), case["ids"], "model {models}: {text:?}");
            texts += 1;
        }
        models += 1;
    }
    println!("{texts} texts, {models} models");
    assert!(texts > 500);
}

/// What the original tokenizer does around SentencePiece, from its own tests and descriptions.
#[test]
fn original_albert_tokenizer() {
    let section =
        Section::of(&compile_spiece(&fixture("spiece.model"), None, SpieceKind::SentencePiece).expect("compiles"));
    let tokenizer = section.tokenizer();
    let tokens = |text: &str, pair: Option<&str>, max_tokens: Option<usize>| {
        let options = EncodeOptions { max_tokens, surfaces: true, ..EncodeOptions::default() };
        let mut memory = Vec::new();
        let found = encode(&tokenizer, text, pair, &options, &mut memory).expect("encodes");
        let token = |index| found.token(&tokenizer, index).expect("a token").to_owned();
        (0..found.len()).map(token).collect::<Vec<_>>()
    };
    assert_eq!(tokens("The [MASK] of", None, None), ["[CLS]", "▁the", " [MASK]", "▁of", "[SEP]"]);
    // Lower-casing comes before special tokens are looked for.
    assert_eq!(tokens("the <PAD> of", None, None), ["[CLS]", "▁the", "<PAD>", "▁of", "[SEP]"]);
    assert_ne!(tokens("[mask]", None, None)[1], "[MASK]");
    // An empty second text is a second text; on a tie the first one gets the odd token.
    assert_eq!(tokens("the", Some(""), None), ["[CLS]", "▁the", "[SEP]", "[SEP]"]);
    assert_eq!(tokens("the of the", Some("of the of"), Some(6)), ["[CLS]", "▁the", "▁of", "[SEP]", "▁of", "[SEP]"]);
    let ids: Vec<u32> =
        ["[CLS]", "▁the", "[MASK]", "▁of", "[SEP]"].iter().filter_map(|token| tokenizer.token_to_id(token)).collect();
    let decode = |ids: &[u32], skip| {
        let mut text = String::new();
        tokenizer.decode(ids, skip, &mut text).expect("strings take everything");
        text
    };
    assert_eq!(decode(&ids, false), "[CLS] the[MASK] of[SEP]");
    assert_eq!(decode(&ids, true), "the of");
}

#[test]
fn word_piece_of_a_vocabulary_file() {
    let json = wordpiece_json();
    let vocab = json["model"]["vocab"].as_object().expect("vocabulary");
    let mut tokens: Vec<(&String, u64)> = vocab.iter().filter_map(|(token, id)| Some((token, id.as_u64()?))).collect();
    tokens.sort_by_key(|&(_, id)| id);
    let lines: String = tokens.iter().map(|(token, _)| format!("{token}\n")).collect();
    let section = Section::of(&compile_vocab(lines.as_bytes(), Some(br#"{"do_lower_case": true}"#)).expect("compiles"));
    rows(&fixture("wordpiece.jsonl")).iter().for_each(|row| check(&section.tokenizer(), row, true));
}

#[test]
fn special_token_operations() {
    let section = Section::json(unigram_json().to_string().as_bytes());
    let tokenizer = section.tokenizer();
    assert_eq!((tokenizer.cls(), tokenizer.sep(), tokenizer.mask()), (Some(2), Some(3), Some(4)));
    assert_eq!((tokenizer.pad(), tokenizer.unk(), tokenizer.vocab_size()), (Some(0), Some(1), 751));
    assert_eq!((tokenizer.special_token_count(false), tokenizer.special_token_count(true)), (2, 3));
    let (mut ids, mut bytes) = ([0; 8], [9; 8]);
    assert_eq!(tokenizer.build_inputs(&[20, 21], None, &mut ids), Ok(4));
    assert_eq!(ids[..4], [2, 20, 21, 3]);
    assert_eq!(tokenizer.build_inputs(&[20, 21], Some(&[30, 31, 32]), &mut ids), Ok(8));
    assert_eq!(ids, [2, 20, 21, 3, 30, 31, 32, 3]);
    assert_eq!(tokenizer.special_tokens_mask(2, Some(3), &mut bytes), Ok(8));
    assert_eq!(bytes, [1, 0, 0, 1, 0, 0, 0, 1]);
    assert_eq!(tokenizer.token_types(2, Some(3), &mut bytes), Ok(8));
    assert_eq!(bytes, [0, 0, 0, 0, 1, 1, 1, 1]);
    assert!(tokenizer.build_inputs(&[1; 7], None, &mut ids).is_err());
    assert!(tokenizer.is_special(4) && !tokenizer.is_special(20));
    assert_eq!(tokenizer.token_to_id("[MASK]"), Some(4));
    assert_eq!(tokenizer.id_to_token(tokenizer.token_to_id("▁the").expect("a piece")), Some("▁the"));
    assert_eq!((tokenizer.token_to_id("no such piece"), tokenizer.id_to_token(u32::MAX)), (None, None));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn windows_are_those_of_the_reference() {
    use tokenizers::utils::truncation::TruncationDirection;
    for tokens in 1..40 {
        for size in 1..12 {
            for stride in 0..size {
                let mut encoding = tokenizers::Encoding::from_tokens(
                    (0..tokens as u32).map(|id| tokenizers::Token::new(id, String::new(), (0, 0))).collect(),
                    0,
                );
                encoding.truncate(size, stride, TruncationDirection::Right);
                let all = std::iter::once(&encoding).chain(encoding.get_overflowing());
                let expected: Vec<Vec<usize>> =
                    all.map(|window| window.get_ids().iter().map(|&id| id as usize).collect()).collect();
                let found: Vec<Vec<usize>> = windows(tokens, size, stride).map(|window| window.collect()).collect();
                assert_eq!(found, expected, "{tokens} {size} {stride}");
            }
        }
    }
    assert!(windows(0, 4, 1).eq(std::iter::once(0..0)));
    assert_eq!(windows(5, 0, 0).count(), 0);
}

#[test]
fn model_max_length_and_roles_of_the_configuration() {
    let json = unigram_json().to_string();
    let config =
        br#"{"model_max_length": 512, "mask_token": {"content": "[SEP]", "lstrip": true}, "pad_token": "<unk>"}"#;
    let compiled = compile_json(json.as_bytes(), Some(config)).expect("compiles");
    let section = Section::of(&compiled);
    let tokenizer = section.tokenizer();
    assert_eq!((tokenizer.model_max_length(), tokenizer.mask(), tokenizer.pad()), (Some(512), Some(3), Some(1)));
    let compiled = compile_json(json.as_bytes(), Some(br#"{"model_max_length": 1e30}"#)).expect("compiles");
    assert_eq!(Section::of(&compiled).tokenizer().model_max_length(), None);
}

/// A saved vocabulary makes the tokenizer again: the same section, byte for byte.
#[test]
fn saved_vocabularies() {
    let saved = |section: &Section| vocabulary(&section.tokenizer());
    let mut json = unigram_json();
    json["added_tokens"]
        .as_array_mut()
        .expect("tokens")
        .push(json!({"id": 751, "content": "<new>", "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": false}));
    let section = Section::json(json.to_string().as_bytes());
    let file = saved(&section);
    assert_eq!(file.name, "unigram.json");
    let model: Value = serde_json::from_slice(&file.bytes).expect("JSON");
    assert_eq!(model["vocab"].as_array().map(Vec::len), Some(751), "added tokens are no pieces");
    json["model"] = model;
    assert!(Section::json(json.to_string().as_bytes()).bytes() == section.bytes());

    let json = wordpiece_json();
    let file = saved(&Section::json(json.to_string().as_bytes()));
    assert_eq!(file.name, "vocab.txt");
    let lines = std::str::from_utf8(&file.bytes).expect("UTF-8");
    let vocab = json["model"]["vocab"].as_object().expect("a vocabulary");
    assert_eq!(lines.lines().count(), vocab.len());
    assert!(lines.lines().enumerate().all(|(id, token)| vocab[token] == json!(id)));
    let config = Some(br#"{"do_lower_case": true}"#.as_slice());
    let section = Section::of(&compile_vocab(&file.bytes, config).expect("compiles"));
    assert!(saved(&section) == file);

    let section =
        Section::of(&compile_spiece(&fixture("spiece.model"), None, SpieceKind::SentencePiece).expect("compiles"));
    let file = saved(&section);
    assert_eq!(file.name, "spiece.vocab");
    let lines: Vec<&str> = std::str::from_utf8(&file.bytes).expect("UTF-8").lines().collect();
    // The pieces of the JSON file are those of this model, in order, with their scores.
    let pieces = unigram_json()["model"]["vocab"].as_array().expect("pieces").clone();
    assert_eq!(lines.len(), pieces.len());
    for (id, (line, piece)) in lines.iter().zip(&pieces).enumerate() {
        let (text, score) = line.rsplit_once('\t').expect("a piece and a score");
        assert_eq!(text, piece[0].as_str().expect("text"));
        // User-defined pieces, 5 to 12, have scores of SentencePiece's own.
        let (score, expected) = (score.parse::<f32>().expect("a number"), piece[1].as_f64().expect("a number") as f32);
        assert!(score == expected || (5..=12).contains(&id), "{text}: {score} for {expected}");
    }
}

/// Older checkpoints have two more files. Ids are those of transformers 4.57: `AlbertTokenizer` for `spiece.model`,
/// `BertTokenizerFast` for `vocab.txt`, which looks for tokens that are not special in lower-cased text.
#[test]
fn files_beside_the_tokenizer() {
    const TEXTS: [&str; 4] = ["a <ent> b", "a<ENT>b [E2]c", "x [e2] [MASK] y", "<m> <pad>"];
    let vocab = "[PAD] [UNK] [CLS] [SEP] [MASK] a b c x y < ent > [ ] e ##2 m pad e2".replace(' ', "\n");
    let ids = |files: &[(&str, &[u8])]| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        files.iter().for_each(|(name, bytes)| std::fs::write(directory.path().join(name), bytes).expect("writable"));
        let section =
            Section::of(&compile_directory(directory.path(), Choices::NONE).unwrap_or_else(|error| panic!("{error}")));
        let tokenizer = section.tokenizer();
        let encoded = TEXTS.map(|text| {
            let mut memory = Vec::new();
            let encoding = encode(&tokenizer, text, None, &EncodeOptions::default(), &mut memory).expect("encodes");
            encoding.ids().to_vec()
        });
        (encoded, tokenizer.mask())
    };
    let spiece = fixture("spiece.model");
    let (spiece, vocab) = (("spiece.model", &spiece[..]), ("vocab.txt", vocab.as_bytes()));
    let config = ("tokenizer_config.json", &br#"{"model_max_length": 64, "mask_token": "[MASK]"}"#[..]);

    let added = ("added_tokens.json", &br#"{"<ent>": 751, "[E2]": 752}"#[..]);
    let expected = [
        vec![2, 21, 751, 334, 3],
        vec![2, 21, 751, 334, 752, 272, 3],
        vec![2, 13, 396, 636, 62, 135, 500, 4, 13, 93, 3],
        vec![2, 13, 1, 79, 1, 0, 3],
    ];
    assert_eq!(ids(&[spiece, config, added]), (expected.clone(), Some(4)));
    assert_eq!(ids(&[("30k-clean.model", spiece.1), config, added]), (expected, Some(4)));

    let map = br#"{"mask_token": {"content": "<m>", "lstrip": true}, "cls_token": "<s>"}"#;
    let map = ("special_tokens_map.json", &map[..]);
    let added = ("added_tokens.json", &br#"{"<m>": 751, "<s>": 752}"#[..]);
    let expected = [
        vec![752, 21, 13, 1, 219, 38, 1, 334, 3],
        vec![752, 21, 1, 219, 38, 1, 220, 636, 62, 135, 500, 150, 3],
        vec![752, 13, 396, 636, 62, 135, 500, 636, 540, 18, 197, 500, 13, 93, 3],
        vec![752, 751, 0, 3],
    ];
    assert_eq!(ids(&[spiece, config, map, added]), (expected, Some(751)));

    // A configuration with a list needs no other file.
    let list =
        br#"{"added_tokens_decoder": {"751": {"content": "<ent>", "lstrip": true, "rstrip": true, "special": true}}}"#;
    let list = ("tokenizer_config.json", &list[..]);
    let expected = [
        vec![2, 21, 751, 334, 3],
        vec![2, 21, 751, 334, 636, 62, 135, 500, 150, 3],
        vec![2, 13, 396, 636, 62, 135, 500, 4, 13, 93, 3],
        vec![2, 13, 1, 79, 1, 0, 3],
    ];
    assert_eq!(ids(&[spiece, list, map]), (expected, Some(4)));

    let added = ("added_tokens.json", &br#"{"<ent>": 20, "[E2]": 21}"#[..]);
    let expected = [
        vec![2, 5, 20, 6, 3],
        vec![2, 5, 20, 6, 21, 7, 3],
        vec![2, 8, 21, 4, 9, 3],
        vec![2, 10, 17, 12, 10, 18, 12, 3],
    ];
    assert_eq!(ids(&[vocab, added]), (expected, Some(4)));

    let map = ("special_tokens_map.json", &br#"{"mask_token": "<m>"}"#[..]);
    let added = ("added_tokens.json", &br#"{"<m>": 20}"#[..]);
    let expected = [
        vec![2, 5, 10, 11, 12, 6, 3],
        vec![2, 5, 10, 11, 12, 6, 13, 19, 14, 7, 3],
        vec![2, 8, 13, 19, 14, 13, 1, 14, 9, 3],
        vec![2, 20, 10, 18, 12, 3],
    ];
    assert_eq!(ids(&[vocab, map, added]), (expected, Some(20)));

    let directory = tempfile::tempdir().expect("a temporary directory");
    let error = |name: &str, bytes: &[u8]| {
        std::fs::write(directory.path().join(vocab.0), vocab.1).expect("writable");
        std::fs::write(directory.path().join(name), bytes).expect("writable");
        compile_directory(directory.path(), Choices::NONE).expect_err("wrong").to_string()
    };
    let line = error("added_tokens.json", br#"{"<m>": 25}"#);
    assert_eq!(line, "added token \"<m>\" is listed with id 25; the vocabulary gives it 20");
    assert!(error("special_tokens_map.json", b"[]").starts_with("special_tokens_map.json: "));
}

/// What is not supported is named.
#[test]
fn unsupported_components() {
    let edit = |pointer: &str, value: Value| {
        let mut json = unigram_json();
        *json.pointer_mut(pointer).expect("a place") = value;
        compile_json(json.to_string().as_bytes(), None).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(edit("/normalizer", json!({"type": "ByteLevel"})).contains("normalizer \"ByteLevel\""));
    let regex = json!({"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "});
    assert!(edit("/normalizer", regex).contains("\\\\s+"));
    assert!(edit("/pre_tokenizer", json!({"type": "Digits"})).contains("pre_tokenizer \"Digits\""));
    assert!(
        edit("/post_processor", json!({"type": "RobertaProcessing"})).contains("post_processor \"RobertaProcessing\"")
    );
    assert!(edit("/decoder", json!({"type": "BPEDecoder"})).contains("decoder \"BPEDecoder\""));
    assert!(edit("/model/type", json!("BPE")).contains("byte-level BPE"));
    assert!(edit("/model/byte_fallback", json!(true)).contains("byte_fallback"));
    assert!(edit("/model/unk_id", Value::Null).contains("unk_id"));
    assert!(
        edit("/post_processor/pair", json!([{"Sequence": {"id": "A", "type_id": 0}}])).contains("TemplateProcessing")
    );
    let charsmap = json!({"type": "Precompiled", "precompiled_charsmap": "AAAAAQ=="});
    assert!(edit("/normalizer", charsmap).contains("character map"));
    assert!(matches!(compile_json(b"{", None), Err(CompileError::Json { .. })));
    assert!(compile_vocab(b"a\nb\n", None).is_err());
}

/// Every cut and every flipped byte of a SentencePiece model gives a tokenizer or an error.
#[test]
fn damaged_sentence_piece_models() {
    let model = fixture("spiece.model");
    for end in (0..model.len()).step_by(model.len() / 12) {
        let _ = compile_spiece(&model[..end], None, SpieceKind::SentencePiece);
    }
    for at in (0..400).chain((400..model.len()).step_by(model.len() / 12)) {
        let mut damaged = model.clone();
        damaged[at] ^= 0x55;
        // The pieces are at the beginning; compiling takes a moment, so only what fails early is tried densely.
        if at % 32 == 0 || at > 400 {
            let _ = compile_spiece(&damaged, None, SpieceKind::default());
        }
    }
}

/// What a configuration says is obeyed or refused by name.
#[test]
fn configurations_are_obeyed_or_refused() {
    let compiled = |files: &[(&str, &[u8])], choices: &Choices| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (name, bytes) in files {
            std::fs::write(directory.path().join(name), bytes).expect("writable");
        }
        compile_directory(directory.path(), choices).map_err(|error| error.to_string())
    };
    let spiece = fixture("spiece.model");
    let vocab: &[u8] = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nB\n\xc3\xa9\n";
    let config = |text: &'static str| ("tokenizer_config.json", text.as_bytes());
    let refused = |files: &[(&str, &[u8])], choices: &Choices| compiled(files, choices).expect_err("refused");
    for (class, file, bytes) in [
        ("T5Tokenizer", "spiece.model", &spiece[..]),
        ("RoFormerTokenizer", "vocab.txt", vocab),
        ("AlbertTokenizer", "vocab.txt", vocab),
        ("BertTokenizerFast", "spiece.model", &spiece[..]),
    ] {
        let config = format!(r#"{{"tokenizer_class": "{class}"}}"#);
        let error = refused(&[("tokenizer_config.json", config.as_bytes()), (file, bytes)], Choices::NONE);
        assert!(error.contains(class.trim_end_matches("Fast")) && error.contains(file), "{error}");
    }
    for text in [r#"{"word_tokenizer_type": "mecab"}"#, r#"{"tokenizer_class": "BertJapaneseTokenizer"}"#] {
        let error = refused(&[config(text), ("vocab.txt", vocab)], Choices::NONE);
        assert!(error.contains("word splitter"), "{error}");
    }
    let bpe = refused(&[("vocab.json", b"{}"), ("merges.txt", b"")], Choices::NONE);
    assert!(bpe.contains("byte-level BPE"), "{bpe}");
    let bpe =
        refused(&[("tokenizer.json", br#"{"model": {"type": "BPE", "vocab": {}, "merges": []}}"#)], Choices::NONE);
    assert!(bpe.contains("byte-level BPE"), "{bpe}");

    // Casing and accents, by the configuration and against it.
    let ids = |files: &[(&str, &[u8])], choices: &Choices, text: &str| {
        let compiled = compiled(files, choices).unwrap_or_else(|error| panic!("{error}"));
        let section = Section::of(&compiled);
        let mut memory = Vec::new();
        let options = EncodeOptions { add_special_tokens: false, ..EncodeOptions::default() };
        let tokenizer = section.tokenizer();
        encode(&tokenizer, text, None, &options, &mut memory).expect("encodes").ids().to_vec()
    };
    let (mut cased, mut accents) = (Choices::default(), Choices::default());
    (cased.cased, accents.keep_accents) = (true, true);
    assert_eq!(ids(&[("vocab.txt", vocab)], Choices::NONE, "B \u{e9}"), [1, 1]);
    assert_eq!(ids(&[("vocab.txt", vocab)], &cased, "B \u{e9}"), [6, 7]);
    assert_eq!(ids(&[("vocab.txt", vocab)], &accents, "B \u{e9}"), [1, 7]);
    let no_lower = config(r#"{"do_lower_case": false}"#);
    assert_eq!(ids(&[no_lower, ("vocab.txt", vocab)], Choices::NONE, "B"), [6]);
    let json = unigram_json().to_string();
    let error = refused(&[("tokenizer.json", json.as_bytes())], &cased);
    assert!(error.contains("--cased"), "{error}");

    // Another directory's tokenizer, and what is said of it.
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(elsewhere.path().join("spiece.model"), &spiece).expect("writable");
    let mut choices = Choices::default();
    choices.directory = Some(elsewhere.path().to_owned());
    let taken = compiled(&[("tokenizer.json", json.as_bytes())], &choices).expect("compiles");
    assert_eq!(taken.notes, [Note::NoConfig, Note::BareSpiece(SpieceKind::SentencePiece)]);
    let contradicted = [config(r#"{"do_lower_case": false}"#), ("tokenizer.json", json.as_bytes())];
    let notes = compiled(&contradicted, Choices::NONE).expect("compiles").notes;
    assert_eq!(notes, [Note::LowerCaseDiffers { config: false }]);

    // The former name of the longest length.
    let old = compiled(&[config(r#"{"max_len": 77}"#), ("vocab.txt", vocab)], Choices::NONE).expect("compiles");
    assert_eq!(Section::of(&old).tokenizer().model_max_length(), Some(77));
}
