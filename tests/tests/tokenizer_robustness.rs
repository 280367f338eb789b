//! Damaged tables and small memory: a value or a typed error, never a panic.

use albert_core::tokenizer::{EncodeError, EncodeOptions, Tokenizer, memory_bytes};
use albert_quant::tokenizer::compile_spiece;
use albert_tests::tokenizers::{
    Random, Section, encode, fixture, hard_text, precompiled, unigram_json, wordpiece_json,
};
use serde_json::{Value, json};

const TEXT: &str = "Hello [MASK] ``caf\u{e9}\u{323}'' \u{4e2d}\u{6587}, 2,014 xyzzy\u{1f600}\u{200d} \u{ac00}";

/// A few pieces of the small tokenizers: sections of some kilobytes with every kind of table.
fn minute(kind: &str) -> Section {
    let mut json = if kind == "wordpiece" { wordpiece_json() } else { unigram_json() };
    let keep = |token: &str, index: usize| {
        index < 8 || token.chars().count() == 1 || ["hello", "\u{2581}hello", "##o"].contains(&token)
    };
    if kind == "wordpiece" {
        let vocab = json["model"]["vocab"].as_object().expect("vocabulary").clone();
        let mut tokens: Vec<(String, u64)> =
            vocab.into_iter().filter_map(|(token, id)| Some((token, id.as_u64()?))).collect();
        tokens.sort_by_key(|(_, id)| *id);
        let kept = tokens.iter().enumerate().filter(|(index, (token, _))| keep(token, *index)).take(48);
        json["model"]["vocab"] = kept
            .enumerate()
            .map(|(id, (_, (token, _)))| (token.clone(), json!(id)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        json["normalizer"] = json!({"type": "Sequence", "normalizers": [
            {"type": "Replace", "pattern": {"String": "''"}, "content": "\""},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
            {"type": "Strip", "strip_left": true, "strip_right": true},
            {"type": "Prepend", "prepend": "a"},
        ]});
        let list = json["added_tokens"].as_array_mut().expect("added tokens");
        list.push(json!({"id": 99, "content": "xyzzy", "single_word": false, "lstrip": true, "rstrip": true, "normalized": true, "special": false}));
    } else {
        let vocab = json["model"]["vocab"].as_array().expect("vocabulary").clone();
        let kept =
            vocab.iter().enumerate().filter(|(index, piece)| keep(piece[0].as_str().unwrap_or(""), *index)).take(48);
        json["model"]["vocab"] = Value::Array(kept.map(|(_, piece)| piece.clone()).collect());
        if kind == "bare" {
            json["normalizer"] = Value::Null;
        }
    }
    Section::json(json.to_string().as_bytes())
}

/// Uses everything that a tokenizer offers.
fn exercise(tokenizer: &Tokenizer<'_>, memory: &mut [u8]) {
    for add_special_tokens in [false, true] {
        let options =
            EncodeOptions { add_special_tokens, surfaces: true, max_tokens: Some(24), ..EncodeOptions::default() };
        if let Ok(encoding) = tokenizer.encode(TEXT, Some("hello (x)"), &options, memory) {
            for index in 0..encoding.len() {
                let _ = (encoding.token(tokenizer, index), encoding.word_id(index), encoding.sequence_id(index));
            }
            let mut text = String::new();
            let _ = tokenizer.decode(encoding.ids(), !add_special_tokens, &mut text);
        }
    }
    let _ = tokenizer.normalize(TEXT, memory).map(str::len);
    let _ = (
        tokenizer.id("hello"),
        tokenizer.token(5),
        tokenizer.vocab_size(),
        tokenizer.mask(),
        tokenizer.model_max_length(),
    );
    let mut ids = [0; 16];
    let _ = tokenizer.build_inputs(&[1, 2], Some(&[3]), &mut ids);
}

#[test]
fn truncated_and_flipped_sections() {
    for kind in ["bare", "wordpiece"] {
        let whole = minute(kind);
        let bytes = whole.bytes().to_vec();
        let mut memory = vec![0; 1 << 15];
        let mut refused = 0;
        for end in 0..bytes.len() {
            let section = Section::new(&bytes[..end]);
            match Tokenizer::parse(section.bytes()) {
                Ok(tokenizer) => exercise(&tokenizer, &mut memory),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > bytes.len() / 2, "{kind}: cut sections are refused");
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let section = Section::new(&damaged);
                if let Ok(tokenizer) = Tokenizer::parse(section.bytes()) {
                    exercise(&tokenizer, &mut memory);
                }
            }
        }
        println!("{kind}: {} bytes", bytes.len());
    }
}

/// Larger sections, damaged in several places at once.
#[test]
fn random_damage() {
    let charsmap = {
        let mut json = unigram_json();
        json["normalizer"] = json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, precompiled()]});
        Section::json(json.to_string().as_bytes())
    };
    let spiece = Section::of(&compile_spiece(&fixture("spiece.model"), None).expect("compiles"));
    let mut random = Random::new(77);
    let mut memory = vec![0; 1 << 15];
    for section in [minute("unigram"), charsmap, spiece, Section::json(wordpiece_json().to_string().as_bytes())] {
        for _ in 0..1_500 {
            let mut damaged = section.bytes().to_vec();
            for _ in 0..1 + random.below(12) {
                let spread = if random.below(2) == 0 { 512 } else { damaged.len() };
                let at = random.below(spread.min(damaged.len()));
                damaged[at] = random.number() as u8;
            }
            let copy = Section::new(&damaged);
            if let Ok(tokenizer) = Tokenizer::parse(copy.bytes()) {
                exercise(&tokenizer, &mut memory);
            }
        }
    }
}

#[test]
fn random_bytes_are_refused_or_work() {
    let mut random = Random::new(5);
    let mut memory = vec![0; 1 << 14];
    for length in 0..2_000 {
        let mut bytes: Vec<u8> = (0..length).map(|_| random.number() as u8).collect();
        // With a plausible header every now and then.
        if length > 160 && length % 2 == 0 {
            bytes[..128].fill(0);
            (bytes[0], bytes[4]) = (1, 19);
        }
        let section = Section::new(&bytes);
        if let Ok(tokenizer) = Tokenizer::parse(section.bytes()) {
            exercise(&tokenizer, &mut memory);
        }
    }
}

#[test]
fn misaligned_sections_are_refused() {
    let section = minute("bare");
    let mut words = vec![0u64; section.bytes().len() / 8 + 2];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
    bytes[1..1 + section.bytes().len()].copy_from_slice(section.bytes());
    assert!(Tokenizer::parse(&bytes[1..1 + section.bytes().len()]).is_err());
}

/// Every memory size gives the result or the number of missing bytes, and following that number leads to the result.
#[test]
fn every_memory_size() {
    for json in [unigram_json(), wordpiece_json()] {
        let section = Section::json(json.to_string().as_bytes());
        let tokenizer = section.tokenizer();
        for surfaces in [false, true] {
            for max_tokens in [None, Some(12)] {
                let options = EncodeOptions { surfaces, max_tokens, ..EncodeOptions::default() };
                let mut memory = vec![0; 1 << 16];
                let expected =
                    tokenizer.encode(TEXT, Some(TEXT), &options, &mut memory).expect("enough").ids().to_vec();
                let mut enough = None;
                for size in 0..6_000 {
                    // All alignments come by as well.
                    let start = size % 8;
                    match tokenizer.encode(TEXT, Some(TEXT), &options, &mut memory[start..start + size]) {
                        Ok(encoding) => {
                            assert_eq!(encoding.ids(), expected, "{size}");
                            enough.get_or_insert(size);
                        }
                        Err(EncodeError::MemoryTooSmall { missing }) => {
                            assert!(missing > 0 && missing < 1 << 16, "{size}: {missing}")
                        }
                        Err(error) => panic!("{size}: {error}"),
                    }
                }
                let enough = enough.expect("6,000 bytes suffice");
                let mut size = 0;
                while let Err(EncodeError::MemoryTooSmall { missing }) =
                    tokenizer.encode(TEXT, Some(TEXT), &options, &mut memory[..size])
                {
                    size += missing;
                }
                assert!(size <= enough + 256, "{size} bytes by following the errors, {enough} suffice");
            }
        }
    }
}

/// The documented bound holds.
#[test]
fn promised_memory_suffices() {
    let section = Section::json(unigram_json().to_string().as_bytes());
    let tokenizer = section.tokenizer();
    let mut random = Random::new(9);
    for _ in 0..3_000 {
        let text = hard_text(&mut random);
        let max = 2 + random.below(60);
        let options = EncodeOptions { max_tokens: Some(max), ..EncodeOptions::default() };
        let mut memory = vec![0; 1 << 20];
        let normalized = tokenizer.normalize(&text, &mut memory).expect("enough");
        // A word with its blank; special tokens and leading blanks can only cut it shorter.
        let longest = normalized.chars().count().max(text.chars().count()) + 1;
        let mut memory = vec![0; memory_bytes(max, longest.max(8))];
        assert!(tokenizer.encode(&text, None, &options, &mut memory).is_ok(), "{text:?} in {} bytes", memory.len());
    }
}

/// Very long texts and words take time in proportion.
#[test]
fn long_inputs() {
    for json in [unigram_json(), wordpiece_json()] {
        let section = Section::json(json.to_string().as_bytes());
        let tokenizer = section.tokenizer();
        let options = EncodeOptions { max_tokens: Some(64), ..EncodeOptions::default() };
        for text in [
            "a".repeat(200_000),
            "\u{301}".repeat(100_000),
            format!("a{}", "\u{316}\u{301}".repeat(50_000)),
            "[MASK]".repeat(20_000),
            " ".repeat(300_000),
            "\u{4e2d}".repeat(60_000),
            "hello ".repeat(50_000),
        ] {
            let mut memory = Vec::new();
            let started = std::time::Instant::now();
            encode(&tokenizer, &text, None, &options, &mut memory).expect("encodes");
            assert!(
                started.elapsed().as_secs() < 60,
                "{:?}...: {:?}",
                text.chars().take(4).collect::<String>(),
                started.elapsed()
            );
        }
    }
}
