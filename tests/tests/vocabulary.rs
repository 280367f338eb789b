//! Models with a part of their vocabulary: a text whose pieces are all kept has the same logits, bit for bit.

use std::fs;
use std::path::Path;

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Input, Model, Plan, Session};
use albert_quant::tokenizer::Vocabulary;
use albert_quant::{Options, Weights, convert};
use albert_tests::aligned::Aligned;
use albert_tests::tokenizers::{Random, encode, fixture, hard_text, unigram_json};

/// What the tests count pieces on, and what they find lost.
const TEXTS: [&str; 6] = [
    "the weather in Tokyo is fine today, they said",
    "don't run, walk! it's 2,014 and 3, of them (mit x)",
    "hello world of semi;colon and under_score 151,222",
    "she was the best of them all, in a way",
    "I have unbelievably many things to do, e.g. $5.50",
    "A.B.C \"quoted\" III. x86-64",
];

/// Writes a checkpoint: a small network with random embeddings for `vocab_size` tokens.
fn checkpoint(directory: &Path, head: &str, vocab_size: usize) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../albert-quant/tests/fixtures/heads").join(head);
    let mut config: serde_json::Value =
        serde_json::from_slice(&fs::read(source.join("config.json")).expect("a configuration")).expect("JSON");
    config["vocab_size"] = vocab_size.into();
    config["max_position_embeddings"] = 64.into();
    fs::write(directory.join("config.json"), config.to_string()).expect("writable");
    let file = fs::read(source.join("model.safetensors")).expect("weights");
    let tensors = safetensors::SafeTensors::deserialize(&file).expect("safetensors");
    let mut random = Random::new(7);
    let mut number = || (random.below(2001) as f32 - 1000.0) / 500.0;
    let resized: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, view)| {
            let mut shape = view.shape().to_vec();
            let rows = match name {
                _ if name.contains("word_embeddings") || name.starts_with("predictions.bias") => vocab_size,
                _ if name.contains("position_embeddings") => 64,
                _ if name.starts_with("predictions.decoder.") => vocab_size,
                _ => return (name.to_owned(), shape, view.data().to_vec()),
            };
            shape[0] = rows;
            let count: usize = shape.iter().product();
            (name.to_owned(), shape, (0..count).flat_map(|_| number().to_le_bytes()).collect())
        })
        .collect();
    let views = resized.iter().map(|(name, shape, data)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), data);
        (name.clone(), view.expect("a tensor"))
    });
    let bytes = safetensors::serialize(views, None).expect("serializes");
    fs::write(directory.join("model.safetensors"), bytes).expect("writable");
}

/// The texts' ids and logits.
fn logits(model: &Model<'_>, text: &str) -> (Vec<u32>, Vec<u32>) {
    let tokenizer = model.tokenizer().expect("a tokenizer");
    let options = EncodeOptions { max_tokens: Some(64), ..EncodeOptions::default() };
    let mut memory = Vec::new();
    let ids = encode(&tokenizer, text, None, &options, &mut memory).expect("encodes").ids().to_vec();
    let plan = Plan::new(model.config(), 64);
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(model, plan, &mut arena).expect("a session");
    let output = session.run(&Input::new(&ids)).expect("runs");
    let bits = output.logits().iter().map(|logit| logit.to_bits()).collect();
    (ids, bits)
}

/// One tokenizer, one kind of weights: 1,000 texts that are covered.
fn keeps_its_promise(files: &[(&str, Vec<u8>)], size: usize, weights: Weights) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    checkpoint(directory.path(), "sequence-classification", size);
    for (name, bytes) in files {
        fs::write(directory.path().join(name), bytes).expect("writable");
    }
    let texts: Vec<String> = TEXTS.map(str::to_owned).to_vec();
    let mut random = Random::new(11);
    let hard: Vec<String> = (0..400).map(|_| hard_text(&mut random)).collect();
    let mut options = Options::default();
    options.weights = weights;
    let whole = convert(directory.path(), &options).unwrap_or_else(|error| panic!("{error}"));
    let mut vocabulary = Vocabulary::of(&texts);
    vocabulary.held_out = &hard;
    options.vocabulary = Some(vocabulary);
    let cut = convert(directory.path(), &options).unwrap_or_else(|error| panic!("{error}"));
    let report = cut.report.vocabulary.clone().expect("a report");
    println!("{}: {report:?}, {} of {} bytes", weights.name(), cut.bytes.len(), whole.bytes.len());
    assert!(report.kept < report.tokens && report.kept > report.always);
    let (whole, cut) = (Model::from_bytes(&whole.bytes), Model::from_bytes(&cut.bytes));
    let (whole, cut) = (whole.expect("valid"), cut.expect("valid"));
    assert_eq!(cut.config().vocab_size as usize, report.kept);
    let (before, after) = (whole.tokenizer().expect("one"), cut.tokenizer().expect("one"));
    let is_kept = |id: &u32| before.id_to_token(*id).is_some_and(|token| after.token_to_id(token).is_some());
    let words: Vec<&str> = TEXTS.iter().flat_map(|text| text.split(' ')).collect();
    let (mut covered, mut tried) = (0, 0);
    while covered < 1_000 {
        tried += 1;
        assert!(tried < 20_000, "{covered} covered texts");
        let text = match tried % 3 {
            0 => hard_text(&mut random),
            _ => (0..1 + random.below(8)).map(|_| random.pick(&words)).collect::<Vec<_>>().join(" "),
        };
        let (ids, expected) = logits(&whole, &text);
        if !ids.iter().all(is_kept) {
            continue;
        }
        covered += 1;
        let (new_ids, found) = logits(&cut, &text);
        let tokens = |tokenizer: &albert_core::tokenizer::Tokenizer<'_>, ids: &[u32]| {
            ids.iter().map(|&id| tokenizer.id_to_token(id).unwrap_or("").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(tokens(&after, &new_ids), tokens(&before, &ids), "{text:?}");
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn unigram() {
    let json = unigram_json();
    let size = json["model"]["vocab"].as_array().expect("pieces").len();
    for weights in [Weights::Int8, Weights::Fp32] {
        keeps_its_promise(&[("tokenizer.json", json.to_string().into_bytes())], size, weights);
    }
}

#[test]
fn sentence_piece() {
    let model = fixture("spiece.model");
    let compiled = albert_quant::tokenizer::compile_spiece(&model, None, Default::default()).expect("compiles");
    let section = albert_tests::tokenizers::Section::of(&compiled);
    keeps_its_promise(&[("spiece.model", model)], section.tokenizer().id_end() as usize, Weights::Int8);
}

#[test]
fn word_piece() {
    let json = albert_tests::tokenizers::wordpiece_json();
    let size = json["model"]["vocab"].as_object().expect("pieces").len();
    keeps_its_promise(&[("tokenizer.json", json.to_string().into_bytes())], size, Weights::Fp16);
}

/// The masked-LM head's decoder and bias lose the same rows.
#[test]
fn masked_lm() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let json = unigram_json();
    let size = json["model"]["vocab"].as_array().expect("pieces").len();
    checkpoint(directory.path(), "masked-lm", size);
    fs::write(directory.path().join("tokenizer.json"), json.to_string()).expect("writable");
    let texts: Vec<String> = TEXTS.map(str::to_owned).to_vec();
    let mut options = Options::default();
    options.weights = Weights::Int8;
    let whole = convert(directory.path(), &options).unwrap_or_else(|error| panic!("{error}"));
    options.vocabulary = Some(Vocabulary::of(&texts));
    let cut = convert(directory.path(), &options).unwrap_or_else(|error| panic!("{error}"));
    let (whole, cut) = (Model::from_bytes(&whole.bytes), Model::from_bytes(&cut.bytes));
    let (whole, cut) = (whole.expect("valid"), cut.expect("valid"));
    let vocabulary_logits = |model: &Model<'_>| {
        let tokenizer = model.tokenizer().expect("a tokenizer");
        let mut memory = Vec::new();
        let ids = encode(&tokenizer, TEXTS[3], None, &EncodeOptions::default(), &mut memory).expect("encodes");
        let ids = ids.ids().to_vec();
        let plan = Plan::new(model.config(), 64);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(model, plan, &mut arena).expect("a session");
        let input = Input::new(&ids).with_positions(albert_core::Positions::All);
        session.run(&input).expect("runs");
        let mut found = std::collections::BTreeMap::new();
        let mut chunks = session.vocabulary_logits(1).expect("a masked LM");
        while let Some(chunk) = chunks.next_chunk() {
            for (id, logit) in (chunk.first..).zip(chunk.logits) {
                found.insert(tokenizer.id_to_token(id).unwrap_or("").to_owned(), logit.to_bits());
            }
        }
        found
    };
    let (before, after) = (vocabulary_logits(&whole), vocabulary_logits(&cut));
    assert!(after.len() < before.len());
    for (token, logit) in &after {
        assert_eq!(before.get(token), Some(logit), "{token:?}");
    }
}

/// Limits are obeyed, or refused when too much must be kept.
#[test]
fn sizes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let json = unigram_json();
    let size = json["model"]["vocab"].as_array().expect("pieces").len();
    checkpoint(directory.path(), "sequence-classification", size);
    fs::write(directory.path().join("tokenizer.json"), json.to_string()).expect("writable");
    let texts: Vec<String> = TEXTS.map(str::to_owned).to_vec();
    let with = |most: Option<usize>, min_count: usize, keep: &[String]| {
        let mut vocabulary = Vocabulary::of(&texts);
        (vocabulary.most, vocabulary.min_count, vocabulary.keep) = (most, min_count, keep);
        let mut options = Options::default();
        options.weights = Weights::Fp32;
        options.vocabulary = Some(vocabulary);
        convert(directory.path(), &options)
    };
    let all = with(None, 1, &[]).expect("converts").report.vocabulary.expect("a report");
    let some = with(Some(all.kept - 10), 1, &[]).expect("converts").report.vocabulary.expect("a report");
    assert_eq!(some.kept, all.kept - 10);
    let frequent = with(None, 2, &[]).expect("converts").report.vocabulary.expect("a report");
    assert!(frequent.kept < all.kept);
    let more = with(None, 1, &["between".to_owned()]).expect("converts").report.vocabulary.expect("a report");
    assert!(more.always >= all.always);
    let refused = with(Some(3), 1, &[]).expect_err("too few").to_string();
    assert!(refused.contains("too small"), "{refused}");
    // A tokenizer that is larger than the network's vocabulary.
    checkpoint(directory.path(), "sequence-classification", size - 5);
    let refused = convert(directory.path(), &Options::default()).expect_err("too large").to_string();
    assert!(refused.contains("do not belong together"), "{refused}");
}
