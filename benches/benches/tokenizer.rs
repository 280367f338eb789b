//! Throughput of the tokenizer beside the `tokenizers` library, one thread each, on the same texts.
//!
//! Both make ids, types, masks, words and offsets in code points. The library is also measured without offsets, its fastest
//! way; it keeps a cache of words, which texts that come again fill. `cargo bench -p albert-benches --bench tokenizer`; with
//! `ALBERT_WRITE_DOCS=1` it writes the table of `docs/benchmarks.md`. The tokenizers are the small ones of the tests, and the
//! full ones and real queries when they are at hand. Set `TOKENIZERS_PARALLELISM=false` to keep the library on one thread in
//! any case.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use albert_core::tokenizer::EncodeOptions;
use albert_tests::block::{processor, today};
use albert_tests::page;
use albert_tests::tokenizers::{Section, unigram_json, wordpiece_json};
use criterion::{BenchmarkId, Criterion, Throughput};

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

/// What is compared, by the names of the table's columns.
const LIBRARIES: [&str; 3] = ["albert-core", "tokenizers", "tokenizers, no offsets"];

/// Measures, and returns the rows of the table: tokenizer, texts and their bytes.
fn tokenizer(c: &mut Criterion) -> Vec<(String, u64)> {
    let mut rows = Vec::new();
    let mut candidates = vec![
        ("small Unigram", unigram_json().to_string().into_bytes()),
        ("small WordPiece", wordpiece_json().to_string().into_bytes()),
    ];
    for (name, path) in [
        ("ALBERT's Unigram", "tokenizer/tokenizer.json"),
        ("BERT's WordPiece", "models/minilm-as-albert/tokenizer.json"),
    ] {
        candidates.extend(shared(path).map(|json| (name, json)));
    }
    let mut corpora = vec![("English prose", vec![ENGLISH.to_owned()]), ("mixed", vec![MIXED.to_owned()])];
    corpora.extend(queries().map(|queries| ("queries of CLINC150", queries)));
    let mut group = c.benchmark_group("tokenizer");
    for (name, json) in &candidates {
        let section = Section::json(json);
        let ours = section.tokenizer();
        let mut theirs = tokenizers::Tokenizer::from_bytes(json).expect("a tokenizer");
        theirs.with_truncation(None).expect("no truncation").with_padding(None);
        let options = EncodeOptions::default();
        let mut memory = vec![0; 1 << 20];
        for (kind, texts) in &corpora {
            let bytes = texts.iter().map(|text| text.len() as u64).sum();
            rows.push((format!("{name}, {kind}"), bytes));
            group.throughput(Throughput::Bytes(bytes));
            let id = |library: usize| BenchmarkId::new(format!("{name}, {kind}"), LIBRARIES[library]);
            group.bench_function(id(0), |b| {
                let mut tokens = |text: &String| {
                    let encoding = ours.encode(black_box(text), None, &options, &mut memory);
                    encoding.expect("memory that suffices").len()
                };
                b.iter(|| texts.iter().map(&mut tokens).sum::<usize>());
            });
            group.bench_function(id(1), |b| {
                let tokens = |text: &String| {
                    theirs.encode_char_offsets(black_box(text.as_str()), true).expect("an encoding").len()
                };
                b.iter(|| texts.iter().map(tokens).sum::<usize>());
            });
            group.bench_function(id(2), |b| {
                let tokens =
                    |text: &String| theirs.encode_fast(black_box(text.as_str()), true).expect("an encoding").len();
                b.iter(|| texts.iter().map(tokens).sum::<usize>());
            });
        }
    }
    group.finish();
    rows
}

/// Megabytes a second, as a table; `None` when not all of it was measured.
fn table(folder: &Path, rows: &[(String, u64)]) -> Option<String> {
    let mut table = format!("{}, {}.\n\n| tokenizer, texts |", today(), processor());
    LIBRARIES.iter().for_each(|library| table += &format!(" {library} | ratio |"));
    table = table.replacen(" ratio |", "", 1) + "\n|---|" + &"--:|".repeat(2 * LIBRARIES.len() - 1) + "\n";
    for (row, bytes) in rows {
        let rate = |library: &str| {
            let estimates = folder.join("tokenizer").join(row).join(library).join("new/estimates.json");
            let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(estimates).ok()?).ok()?;
            let seconds = estimates["median"]["point_estimate"].as_f64()? / 1e9;
            Some(*bytes as f64 / seconds / f64::from(1 << 20))
        };
        let [ours, theirs, without] = LIBRARIES.map(rate);
        let (ours, theirs, without) = (ours?, theirs?, without?);
        table += &format!(
            "| {row} | {ours:.1} | {theirs:.2} | {:.1} | {without:.2} | {:.1} |\n",
            ours / theirs,
            ours / without
        );
    }
    Some(table)
}

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tokenizer-benchmark");
    // What an earlier run measured is no part of this one's table.
    let _ = std::fs::remove_dir_all(&folder);
    let mut criterion = Criterion::default().output_directory(&folder).configure_from_args();
    let rows = tokenizer(&mut criterion);
    criterion.final_summary();
    if let Some(table) = table(&folder, &rows) {
        print!("{table}");
        page::write("benchmarks.md", "tokenizer", &table);
    }
}
