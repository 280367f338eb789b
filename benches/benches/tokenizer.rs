//! Throughput of the tokenizer beside the `tokenizers` library, one thread each, on the same texts.
//!
//! `cargo bench -p albert-benches --bench tokenizer`; the tokenizers are the small ones of the tests, and the full ones when
//! they are at hand. Set `TOKENIZERS_PARALLELISM=false` to keep the library on one thread in any case.

use std::hint::black_box;
use std::path::PathBuf;

use albert_core::tokenizer::EncodeOptions;
use albert_tests::tokenizers::{Section, unigram_json, wordpiece_json};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// English prose with names, digits and marks.
const ENGLISH: &str = "Set an alarm for 7:30 a.m., please, and tell me what the weather is like in San Francisco tomorrow. \
    \"I don't think so,\" she replied; the meeting on 14 March 2014 had cost them £2,300 and three hours of work. \
    Photosynthesis converts light energy into chemical energy that is later released to fuel the organism's activities.";
/// The same kind of text with accents, typographic marks and other scripts.
const MIXED: &str = "Der Bürgermeister – früher Lehrer – sagte: „Das war’s.“ Le café coûte 3 € à Orléans, mais pas toujours… \
    Москва не сразу строилась. 東京の天気は明日どうですか? 今日は晴れです。 한국어 문장도 있습니다. naïve coöperation ½ cup ™ 😀";

fn tokenizer(c: &mut Criterion) {
    let mut candidates = vec![
        ("unigram-small", unigram_json().to_string().into_bytes()),
        ("wordpiece-small", wordpiece_json().to_string().into_bytes()),
    ];
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    for (name, path) in
        [("albert-30k", "tokenizer/tokenizer.json"), ("bert-30k", "models/minilm-as-albert/tokenizer.json")]
    {
        if let Ok(json) = std::fs::read(shared.join(path)) {
            candidates.push((name, json));
        }
    }
    let mut group = c.benchmark_group("tokenizer");
    for (name, json) in &candidates {
        let section = Section::json(json);
        let ours = section.tokenizer();
        let mut theirs = tokenizers::Tokenizer::from_bytes(json).expect("a tokenizer");
        theirs.with_truncation(None).expect("no truncation").with_padding(None);
        let options = EncodeOptions::default();
        let mut memory = vec![0; 1 << 20];
        for (kind, text) in [("english", ENGLISH), ("mixed", MIXED)] {
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_with_input(BenchmarkId::new(format!("{name}/{kind}"), "albert-core"), text, |b, text| {
                b.iter(|| ours.encode(black_box(text), None, &options, &mut memory).map(|encoding| encoding.len()));
            });
            group.bench_with_input(BenchmarkId::new(format!("{name}/{kind}"), "tokenizers"), text, |b, text| {
                b.iter(|| theirs.encode_char_offsets(black_box(text), true).map(|encoding| encoding.len()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, tokenizer);
criterion_main!(benches);
