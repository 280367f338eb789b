//! Damaged tables and small memory: a value or a typed error, never a panic.

use albert_core::tokenizer::section::{HEADER_WORDS, header, part};
use albert_core::tokenizer::{EncodeError, EncodeOptions, TableError, Tokenizer, memory_bytes};
use albert_quant::tokenizer::{SpieceKind, compile_spiece};
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
        tokenizer.token_to_id("hello"),
        tokenizer.id_to_token(5),
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
    let spiece =
        Section::of(&compile_spiece(&fixture("spiece.model"), None, SpieceKind::SentencePiece).expect("compiles"));
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
            (bytes[0], bytes[4]) = (2, 20);
        }
        let section = Section::new(&bytes);
        if let Ok(tokenizer) = Tokenizer::parse(section.bytes()) {
            exercise(&tokenizer, &mut memory);
        }
    }
}

/// A section in its parts, to be changed and put together again.
struct Parts {
    header: Vec<u32>,
    parts: Vec<Vec<u8>>,
}

impl Parts {
    fn of(section: &Section) -> Self {
        let words: Vec<u32> = bytemuck::cast_slice(section.bytes()).to_vec();
        let part = |entry: &[u32]| section.bytes()[entry[0] as usize..(entry[0] + entry[1]) as usize].to_vec();
        let directory = &words[HEADER_WORDS..HEADER_WORDS + 2 * words[header::PARTS] as usize];
        Self { header: words[..HEADER_WORDS].to_vec(), parts: directory.chunks(2).map(part).collect() }
    }

    /// A part as words.
    fn words(&self, part: usize) -> Vec<u32> {
        self.parts[part].chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("words"))).collect()
    }

    fn set_words(&mut self, part: usize, words: &[u32]) {
        self.parts[part] = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    }

    fn section(&self) -> Section {
        let mut words = self.header.clone();
        let start = 4 * (words.len() + 2 * self.parts.len());
        let mut body = Vec::new();
        for part in &self.parts {
            body.resize(body.len().next_multiple_of(8), 0);
            words.extend([(start + body.len()) as u32, part.len() as u32]);
            body.extend(part);
        }
        body.resize(body.len().next_multiple_of(8), 0);
        Section::new(&[words.iter().flat_map(|word| word.to_le_bytes()).collect(), body].concat())
    }
}

/// The small SentencePiece tokenizer, with pieces that end in a digit and a comma.
fn digit_comma() -> Parts {
    let section =
        Section::of(&compile_spiece(&fixture("spiece.model"), None, SpieceKind::SentencePiece).expect("compiles"));
    let mut parts = Parts::of(&section);
    if parts.parts[part::DIGIT_COMMA].is_empty() {
        parts.set_words(part::DIGIT_COMMA, &[5, 0, 2]);
        parts.set_words(part::DIGIT_COMMA_PIECES, &[6, 1, 7, 1]);
    }
    assert!(Tokenizer::parse(parts.section().bytes()).is_ok());
    parts
}

/// Counts that no table covers are refused when the section is opened, and a rule that takes more than a piece has ends with it.
#[test]
fn counts_of_the_digit_comma_rule() {
    for (place, value) in [(0, u32::MAX), (1, u32::MAX), (2, u32::MAX), (2, 256), (1, 1 << 31)] {
        let mut parts = digit_comma();
        let mut records = parts.words(part::DIGIT_COMMA);
        records[place] = value;
        parts.set_words(part::DIGIT_COMMA, &records);
        let damaged = TableError::Part { index: part::DIGIT_COMMA as u32 };
        assert_eq!(Tokenizer::parse(parts.section().bytes()).err(), Some(damaged), "word {place}: {value}");
    }
    for (place, value) in [(0, u32::MAX), (1, u32::MAX), (1, 256)] {
        let mut parts = digit_comma();
        let mut pieces = parts.words(part::DIGIT_COMMA_PIECES);
        pieces[place] = value;
        parts.set_words(part::DIGIT_COMMA_PIECES, &pieces);
        let damaged = TableError::Part { index: part::DIGIT_COMMA_PIECES as u32 };
        assert_eq!(Tokenizer::parse(parts.section().bytes()).err(), Some(damaged), "word {place}: {value}");
    }
    let mut parts = digit_comma();
    let all: Vec<u32> = (0..parts.header[header::IDS]).flat_map(|id| [id, 0, 200]).collect();
    parts.set_words(part::DIGIT_COMMA, &all);
    parts.set_words(part::DIGIT_COMMA_PIECES, &[6, 255].repeat(200));
    let section = parts.section();
    let mut memory = Vec::new();
    let text = "a1, b2, 3,4,5, ".repeat(500);
    let encoding = encode(&section.tokenizer(), &text, None, &EncodeOptions::default(), &mut memory).expect("encodes");
    assert!(encoding.len() <= 200 * 2 * text.len());
}

/// A trie that leads in circles is walked no further than a token is long: four times the text takes about four times as long.
#[test]
fn cyclic_tries() {
    let mut parts = Parts::of(&minute("bare"));
    let mut units = parts.words(part::VOCAB_TRIE);
    let base = |unit: u32| unit >> 9 & 0x3f_ffff;
    // From the root by "a", and from there by "a" to itself.
    let at = base(units[0]) ^ u32::from(b'a');
    units.resize(units.len().max(at as usize + 1), 1 << 31);
    units[at as usize] = base(units[0]) << 9 | u32::from(b'a');
    parts.set_words(part::VOCAB_TRIE, &units);
    let section = parts.section();
    let tokenizer = section.tokenizer();
    let options = EncodeOptions { max_tokens: Some(64), ..EncodeOptions::default() };
    let time = |bytes: usize| {
        let text = "a".repeat(bytes);
        let mut memory = vec![0; memory_bytes(64, 2 * bytes)];
        let started = std::time::Instant::now();
        assert!(tokenizer.encode(&text, None, &options, &mut memory).is_ok());
        started.elapsed().as_secs_f64()
    };
    let best = |bytes| (0..5).map(|_| time(bytes)).fold(f64::MAX, f64::min);
    let (short, long) = (best(20_000), best(80_000));
    assert!(long < 10.0 * short, "{short} s for 20 KB, {long} s for 80 KB");
}

/// What a header states may be more than the operations do, but not less and not beyond the limit.
#[test]
fn expansion_is_checked() {
    let whole = minute("wordpiece");
    let found = whole.tokenizer().expansion();
    assert!(found.factor >= 1 && found.extra >= 1, "{found:?}");
    let with = |factor: u32, extra: u32| {
        let mut parts = Parts::of(&whole);
        (parts.header[header::EXPANSION], parts.header[header::EXPANSION_EXTRA]) = (factor, extra);
        let section = parts.section();
        Tokenizer::parse(section.bytes()).map(|tokenizer| tokenizer.expansion())
    };
    assert_eq!(with(found.factor, found.extra), Ok(found));
    assert_eq!(with(found.factor + 1, found.extra + 1), Ok(found));
    assert_eq!(with(found.factor, found.extra - 1), Err(TableError::Expansion));
    assert!(with(1 << 20, found.extra).is_err());
}

/// No text grows by more than is stated.
#[test]
fn texts_grow_no_more_than_stated() {
    let mut random = Random::new(41);
    let mut memory = vec![0; 1 << 22];
    for json in [unigram_json(), wordpiece_json()] {
        let section = Section::json(json.to_string().as_bytes());
        let tokenizer = section.tokenizer();
        for _ in 0..2_000 {
            let text = hard_text(&mut random);
            let normalized = tokenizer.normalize(&text, &mut memory).expect("enough memory").chars().count();
            assert!(normalized <= tokenizer.expansion().characters(text.chars().count()), "{text:?}");
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
