//! Throughput of the tokenizer beside the `tokenizers` library, one thread each, on the same texts.
//!
//! Both make ids, types, masks, words and offsets in code points. The library is also measured without offsets, its fastest
//! way; it keeps a cache of words, which texts that come again fill. `cargo bench -p albert-benches --bench tokenizer`; the
//! tokenizers are the small ones of the tests, and the full ones and real queries when they are at hand. Set
//! `TOKENIZERS_PARALLELISM=false` to keep the library on one thread in any case.

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

/// Most real queries.
const QUERIES: usize = 1000;

fn shared(path: &str) -> Option<Vec<u8>> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path)).ok()
}

/// Queries to an assistant, one short text after another.
fn queries() -> Option<Vec<String>> {
    let lines = String::from_utf8(shared("data/clinc150/val.jsonl")?).ok()?;
    let text = |line: &str| Some(serde_json::from_str::<serde_json::Value>(line).ok()?["text"].as_str()?.to_owned());
    Some(lines.lines().filter_map(text).step_by(3).take(QUERIES).collect())
}

fn tokenizer(c: &mut Criterion) {
    let mut candidates = vec![
        ("unigram-small", unigram_json().to_string().into_bytes()),
        ("wordpiece-small", wordpiece_json().to_string().into_bytes()),
    ];
    for (name, path) in
        [("albert-30k", "tokenizer/tokenizer.json"), ("bert-30k", "models/minilm-as-albert/tokenizer.json")]
    {
        candidates.extend(shared(path).map(|json| (name, json)));
    }
    let mut corpora = vec![("english", vec![ENGLISH.to_owned()]), ("mixed", vec![MIXED.to_owned()])];
    corpora.extend(queries().map(|queries| ("queries", queries)));
    let mut group = c.benchmark_group("tokenizer");
    for (name, json) in &candidates {
        let section = Section::json(json);
        let ours = section.tokenizer();
        let mut theirs = tokenizers::Tokenizer::from_bytes(json).expect("a tokenizer");
        theirs.with_truncation(None).expect("no truncation").with_padding(None);
        let options = EncodeOptions::default();
        let mut memory = vec![0; 1 << 20];
        for (kind, texts) in &corpora {
            group.throughput(Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum()));
            let id = |library: &str| BenchmarkId::new(format!("{name}/{kind}"), library);
            group.bench_function(id("albert-core"), |b| {
                let mut tokens = |text: &String| {
                    let encoding = ours.encode(black_box(text), None, &options, &mut memory);
                    encoding.expect("memory that suffices").len()
                };
                b.iter(|| texts.iter().map(&mut tokens).sum::<usize>());
            });
            group.bench_function(id("tokenizers"), |b| {
                let tokens = |text: &String| {
                    theirs.encode_char_offsets(black_box(text.as_str()), true).expect("an encoding").len()
                };
                b.iter(|| texts.iter().map(tokens).sum::<usize>());
            });
            group.bench_function(id("tokenizers, no offsets"), |b| {
                let tokens =
                    |text: &String| theirs.encode_fast(black_box(text.as_str()), true).expect("an encoding").len();
                b.iter(|| texts.iter().map(tokens).sum::<usize>());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, tokenizer);
criterion_main!(benches);
