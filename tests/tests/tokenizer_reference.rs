//! The tokenizer against the `tokenizers` library on generated hard texts: everything must be equal.
#![cfg(target_pointer_width = "64")]

use albert_core::tokenizer::{EncodeError, EncodeOptions, Encoding, Truncation};
use albert_tests::at_hand::shared;
use albert_tests::tokenizers::{Random, Section, encode, hard_text, precompiled, unigram_json, wordpiece_json};
use serde_json::{Value, json};
use tokenizers::{Decoder, Tokenizer as Reference, TruncationDirection, TruncationParams, TruncationStrategy};

/// One tokenizer in both implementations.
struct Both {
    name: String,
    section: Section,
    reference: Reference,
}

impl Both {
    fn new(name: &str, json: &[u8]) -> Self {
        let mut reference = Reference::from_bytes(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        reference.with_truncation(None).expect("no truncation").with_padding(None);
        Self { name: name.to_owned(), section: Section::json(json), reference }
    }

    fn compare(&self, text: &str, pair: Option<&str>, options: &EncodeOptions) {
        let tokenizer = self.section.tokenizer();
        let expected = match pair {
            Some(pair) => self.reference.encode_char_offsets((text, pair), options.add_special_tokens),
            None => self.reference.encode_char_offsets(text, options.add_special_tokens),
        };
        let mut memory = Vec::new();
        let found = encode(&tokenizer, text, pair, options, &mut memory);
        let context = || format!("{}: {text:?} {pair:?} {options:?}", self.name);
        let expected = match expected {
            Ok(expected) => expected,
            Err(error) => {
                let missing = matches!(found, Err(EncodeError::SecondSequenceMissing | EncodeError::SequenceTooShort));
                assert!(missing, "{}: expected {error}, found {found:?}", context());
                return;
            }
        };
        let found = found.unwrap_or_else(|error| panic!("{}: {error}", context()));
        let tokens: Vec<&str> = (0..found.len()).filter_map(|index| found.token(&tokenizer, index)).collect();
        assert_eq!(tokens, expected.get_tokens(), "tokens of {}", context());
        assert_eq!(found.ids(), expected.get_ids(), "ids of {}", context());
        let offsets: Vec<(usize, usize)> = found.offsets().iter().map(|o| (o.start as usize, o.end as usize)).collect();
        assert_eq!(offsets, expected.get_offsets(), "offsets of {} {tokens:?}", context());
        let words: Vec<Option<u32>> = (0..found.len()).map(|index| found.word_id(index)).collect();
        assert_eq!(words, expected.get_word_ids(), "words of {}", context());
        let sequences: Vec<Option<usize>> = (0..found.len()).map(|i| found.sequence_id(i).map(usize::from)).collect();
        assert_eq!(sequences, expected.get_sequence_ids(), "sequences of {}", context());
        let widen = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).collect::<Vec<_>>();
        assert_eq!(widen(found.type_ids()), expected.get_type_ids(), "types of {}", context());
        assert_eq!(widen(found.special_tokens_mask()), expected.get_special_tokens_mask(), "mask of {}", context());
        self.compare_operations(text, pair, options, &found);
        for skip in [false, true] {
            let mut decoded = String::new();
            tokenizer.decode(found.ids(), skip, &mut decoded).expect("strings take everything");
            assert_eq!(
                decoded,
                self.reference.decode(found.ids(), skip).expect("decodes"),
                "decoding of {}",
                context()
            );
        }
        let joined = match self.reference.get_decoder() {
            Some(decoder) => decoder.decode(tokens.iter().map(|token| (*token).to_owned()).collect()).expect("decodes"),
            None => tokens.join(" "),
        };
        let mut text = String::new();
        tokenizer.convert_tokens_to_string(tokens.iter().copied(), &mut text).expect("strings take everything");
        assert_eq!(text, joined, "tokens of {} to text", context());
    }

    /// The operations on ids alone give what the encoding has.
    fn compare_operations(&self, text: &str, pair: Option<&str>, options: &EncodeOptions, found: &Encoding<'_>) {
        if !options.add_special_tokens || options.max_tokens.is_some() {
            return;
        }
        let tokenizer = self.section.tokenizer();
        let bare = EncodeOptions { add_special_tokens: false, ..*options };
        let ids = |text| {
            let mut memory = Vec::new();
            encode(&tokenizer, text, None, &bare, &mut memory).expect("encodes").ids().to_vec()
        };
        let (first, second) = (ids(text), pair.map(ids));
        let lengths = (first.len(), second.as_ref().map(Vec::len));
        let (mut built, mut types, mut mask) = (vec![0; found.len()], vec![0; found.len()], vec![0; found.len()]);
        assert_eq!(tokenizer.build_inputs(&first, second.as_deref(), &mut built), Ok(found.len()), "{}", self.name);
        assert_eq!(tokenizer.token_types(lengths.0, lengths.1, &mut types), Ok(found.len()), "{}", self.name);
        assert_eq!(tokenizer.special_tokens_mask(lengths.0, lengths.1, &mut mask), Ok(found.len()), "{}", self.name);
        assert_eq!(built, found.ids(), "{}: {text:?} {pair:?}", self.name);
        assert_eq!(types, found.type_ids(), "{}: {text:?} {pair:?}", self.name);
        assert_eq!(mask, found.special_tokens_mask(), "{}: {text:?} {pair:?}", self.name);
    }

    fn normalizes_equally(&self, text: &str) {
        use tokenizers::{NormalizedString, Normalizer};
        let mut expected = NormalizedString::from(text);
        if let Some(normalizer) = self.reference.get_normalizer() {
            normalizer.normalize(&mut expected).expect("normalizes");
        }
        let mut memory = vec![0; 4096 + text.len() * 2048];
        let found = self.section.tokenizer().normalize(text, &mut memory).expect("enough memory");
        assert_eq!(found, expected.get(), "{}: {text:?}", self.name);
    }

    /// `count` texts, alone and in pairs.
    fn run(&self, count: usize, seed: u64) {
        let mut random = Random::new(seed);
        let options = EncodeOptions { surfaces: true, ..EncodeOptions::default() };
        for index in 0..count {
            let text = hard_text(&mut random);
            let pair = (index % 4 == 0).then(|| hard_text(&mut random));
            let options = EncodeOptions { add_special_tokens: index % 5 != 0, ..options };
            self.compare(&text, pair.as_deref(), &options);
            self.normalizes_equally(&text);
        }
    }

    /// Every truncation strategy on many lengths.
    fn run_truncated(&mut self, count: usize, seed: u64) {
        let mut random = Random::new(seed);
        for index in 0..count {
            let text = hard_text(&mut random);
            let pair = (index % 2 == 0).then(|| hard_text(&mut random));
            let add_special_tokens = random.below(4) > 0;
            let added = match (add_special_tokens, &pair) {
                (false, _) => 0,
                (true, None) => 2,
                (true, Some(_)) => 3,
            };
            let max = 3 + random.below(40);
            for (truncation, strategy) in [
                (Truncation::LongestFirst, TruncationStrategy::LongestFirst),
                (Truncation::OnlyFirst, TruncationStrategy::OnlyFirst),
                (Truncation::OnlySecond, TruncationStrategy::OnlySecond),
            ] {
                let params =
                    TruncationParams { direction: TruncationDirection::Right, max_length: max, strategy, stride: 0 };
                self.reference.with_truncation(Some(params)).expect("truncates");
                let options = EncodeOptions { max_tokens: Some(max), truncation, add_special_tokens, surfaces: true };
                assert!(max >= added);
                self.compare(&text, pair.as_deref(), &options);
            }
        }
        self.reference.with_truncation(None).expect("no truncation");
    }
}

fn both(name: &str, json: &Value) -> Both {
    Both::new(name, json.to_string().as_bytes())
}

#[test]
fn small_unigram() {
    let mut both = both("unigram", &unigram_json());
    both.run(12_000, 1);
    both.run_truncated(1_500, 2);
}

#[test]
fn small_word_piece() {
    let mut both = both("wordpiece", &wordpiece_json());
    both.run(12_000, 3);
    both.run_truncated(1_500, 4);
}

#[test]
fn shared_tokenizers() {
    for (name, seed) in [
        ("tokenizer/tokenizer.json", 5),
        ("models/minilm-as-albert/tokenizer.json", 6),
        ("models/clinc-intents/tokenizer.json", 7),
    ] {
        let Some(path) = shared(name) else { continue };
        let mut both = Both::new(name, &std::fs::read(path).expect("readable"));
        both.run(5_000, seed);
        both.run_truncated(400, seed + 10);
    }
}

/// Normalizers of the Unigram tokenizer, one test configuration each.
#[test]
fn normalizers() {
    let one = |kind: &str| json!({"type": kind});
    let replace =
        |pattern: &str, content: &str| json!({"type": "Replace", "pattern": {"String": pattern}, "content": content});
    let collapse = json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "});
    let strip = |left: bool, right: bool| json!({"type": "Strip", "strip_left": left, "strip_right": right});
    let bert = |clean: bool, chinese: bool, accents: Value, lower: bool| json!({"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lower});
    let cases = [
        ("keep accents", json!([replace("``", "\""), replace("''", "\""), one("Lowercase"), precompiled()])),
        (
            "with collapse",
            json!([replace("``", "\""), one("NFKD"), one("StripAccents"), one("Lowercase"), precompiled(), collapse]),
        ),
        ("collapse first", json!([collapse, one("NFKD"), one("StripAccents"), precompiled()])),
        ("charsmap alone", json!([precompiled()])),
        ("nmt", json!([one("Nmt"), one("NFKC"), collapse])),
        ("nfc", json!([one("NFC")])),
        ("nfd", json!([one("NFD")])),
        ("nfkc", json!([one("NFKC"), one("Lowercase")])),
        ("nfkd", json!([one("NFKD")])),
        ("nfkc charsmap", json!([one("NFKC"), precompiled()])),
        ("accents of nfd", json!([one("NFD"), one("StripAccents"), one("Lowercase")])),
        ("strip", json!([one("Nmt"), strip(true, true)])),
        ("strip left, prepend", json!([strip(true, false), json!({"type": "Prepend", "prepend": "\u{2581}"})])),
        ("strip right", json!([precompiled(), strip(false, true)])),
        (
            "replacements",
            json!([replace("the", ""), replace(" ", "\u{2581}"), replace("e", "ee"), replace("\u{301}", "'")]),
        ),
        ("nested", json!([{"type": "Sequence", "normalizers": [one("NFKD"), one("Lowercase")]}, one("StripAccents")])),
        ("bert on unigram", json!([bert(true, true, Value::Null, true)])),
        ("bert cased", json!([bert(true, false, json!(false), false)])),
        ("bert accents only", json!([bert(false, true, json!(true), false)])),
        ("none", json!([])),
    ];
    for (index, (name, normalizers)) in cases.into_iter().enumerate() {
        let mut json = unigram_json();
        json["normalizer"] = json!({"type": "Sequence", "normalizers": normalizers});
        both(name, &json).run(1_200, 100 + index as u64);
    }
    let mut json = unigram_json();
    json["normalizer"] = Value::Null;
    both("null", &json).run(300, 99);
}

#[test]
fn word_piece_normalizers() {
    for (index, (chinese, accents, lower)) in
        [(true, Value::Null, false), (false, Value::Null, true), (true, json!(false), true), (true, json!(true), false)]
            .into_iter()
            .enumerate()
    {
        let mut json = wordpiece_json();
        json["normalizer"]["handle_chinese_chars"] = json!(chinese);
        json["normalizer"]["strip_accents"] = accents;
        json["normalizer"]["lowercase"] = json!(lower);
        json["model"]["max_input_chars_per_word"] = json!(12);
        json["decoder"]["cleanup"] = json!(index % 2 == 0);
        both("wordpiece variant", &json).run(2_000, 200 + index as u64);
    }
}

#[test]
fn pre_tokenizers() {
    let metaspace = |scheme: &str, split: bool| json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": scheme, "split": split});
    let sequence = |steps: Value| json!({"type": "Sequence", "pretokenizers": steps});
    let blanks = json!({"type": "WhitespaceSplit"});
    let cases = [
        ("metaspace", metaspace("always", true)),
        ("metaspace first", metaspace("first", true)),
        ("metaspace never", metaspace("never", true)),
        ("metaspace whole", metaspace("always", false)),
        ("first after blanks", sequence(json!([blanks, metaspace("first", true)]))),
        ("whole after blanks", sequence(json!([blanks, metaspace("always", false)]))),
        ("blanks", blanks.clone()),
        ("bert", json!({"type": "BertPreTokenizer"})),
        ("bert, metaspace", sequence(json!([{"type": "BertPreTokenizer"}, metaspace("always", true)]))),
        (
            "legacy",
            json!({"type": "Metaspace", "replacement": "\u{2581}", "add_prefix_space": true, "str_rep": "\u{2581}"}),
        ),
        ("other blank", json!({"type": "Metaspace", "replacement": "_", "prepend_scheme": "always"})),
        ("none", Value::Null),
    ];
    for (index, (name, pre_tokenizer)) in cases.into_iter().enumerate() {
        let mut json = unigram_json();
        json["pre_tokenizer"] = pre_tokenizer;
        both(name, &json).run(1_200, 300 + index as u64);
    }
}

#[test]
fn post_processors_and_decoders() {
    let mut json = unigram_json();
    json["post_processor"] = json!({"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]});
    json["decoder"] = json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "never"});
    both("bert processing", &json).run(800, 400);
    json["post_processor"] = Value::Null;
    json["decoder"] = Value::Null;
    both("no processing", &json).run(800, 401);
    let special = |id: &str, kind: u32| json!({"SpecialToken": {"id": id, "type_id": kind}});
    let text = |id: &str, kind: u32| json!({"Sequence": {"id": id, "type_id": kind}});
    json["post_processor"] = json!({
        "type": "TemplateProcessing",
        "single": [text("A", 3), special("end", 4)],
        "pair": [special("[CLS]", 1), special("end", 2), text("A", 0), text("B", 5), special("[CLS]", 6)],
        "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "end": {"id": "end", "ids": [3, 4], "tokens": ["[SEP]", "[MASK]"]}},
    });
    let mut both = both("odd template", &json);
    both.run(800, 402);
    both.run_truncated(0, 403);
}

#[test]
fn added_tokens() {
    let token = |id: u32, content: &str, flags: &str, special: bool| {
        let has = |flag: char| flags.contains(flag);
        json!({"id": id, "content": content, "single_word": has('w'), "lstrip": has('l'), "rstrip": has('r'), "normalized": has('n'), "special": special})
    };
    // As older versions save ALBERT's user-defined pieces, and every flag there is.
    let sets = [
        ("user-defined", vec![("(", ""), (")", ""), ("\"", ""), ("-", ""), (".", ""), ("\u{2013}", "")]),
        (
            "flags",
            vec![
                ("hello", "w"),
                ("world", "lr"),
                ("the", "wlr"),
                ("Tokyo", ""),
                ("Tokyo weather", ""),
                ("caf\u{e9}", "l"),
            ],
        ),
        (
            "normalized",
            vec![("RUNNING", "n"), ("it's", "n"), ("\u{130}", "n"), ("a", "nw"), ("III.", "nl"), ("\u{4e2d}", "nr")],
        ),
    ];
    for (index, (name, contents)) in sets.into_iter().enumerate() {
        for (kind, mut json) in [("unigram", unigram_json()), ("wordpiece", wordpiece_json())] {
            let next = match kind {
                "unigram" => json["model"]["vocab"].as_array().map_or(0, Vec::len),
                _ => json["model"]["vocab"].as_object().map_or(0, serde_json::Map::len),
            };
            let list = json["added_tokens"].as_array_mut().expect("added tokens");
            for (at, (content, flags)) in contents.iter().enumerate() {
                list.push(token((next + at) as u32, content, flags, at == 2));
            }
            both(&format!("{name} {kind}"), &json).run(1_500, 500 + index as u64);
        }
    }
}
