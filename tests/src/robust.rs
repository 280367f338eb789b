//! What must hold for any bytes: no panic, no endless loop, and results that keep their word. The fuzz targets and the
//! property tests call the same functions.

use std::fmt::Display;
use std::fs;
use std::time::Duration;

use albert_core::format::verify_checksum;
use albert_core::heads::Search;
use albert_core::tokenizer::{EncodeOptions, Tokenizer};
use albert_core::{HeadFile, IndexFile, Input, Model, Plan, Positions, Session};
use albert_quant::tokenizer::{CompileError, CompiledTokenizer};
use albert_quant::{Calibration, Options, Weights, convert};

use crate::aligned::Aligned;
use crate::clock::Clock;
use crate::memory;

/// A damaged file may ask for more memory than its tensors could use (the longest input, the split lists); inference is
/// tried when it does not ask for more than this.
const MOST_ARENA_BYTES: usize = 16 << 20;
/// Tokens of the input that accepted files are run on.
const TOKENS: usize = 9;
/// Most blocks that are run: a small file can ask for 4096 layers of 64 blocks.
const MOST_BLOCK_RUNS: usize = 64;

/// Reads a model file; runs an inference when it is accepted. Returns whether one ran.
///
/// # Panics
/// When the library breaks a promise.
pub fn model_file(bytes: &[u8]) -> bool {
    let file = Aligned::copy(bytes);
    // The checksum treats all bytes alike: long files take long and show nothing more.
    let _ = verify_checksum(&file[..file.len().min(1 << 10)]);
    Model::from_bytes(&file).is_ok_and(|model| run(&model))
}

/// Runs an input through an accepted model; returns whether there was memory and time for it.
///
/// # Panics
/// When the library breaks a promise.
pub fn run(model: &Model<'_>) -> bool {
    let config = model.config();
    let records = model.tensors().map(|record| record.bytes()).fold(0, usize::saturating_add);
    assert!(records <= model.bytes().len() * 8, "tensors may share bytes, but not without bound");
    let _ = (0..3).filter_map(|label| model.label(label)).count() + model.provenance().len();
    if let Some(tokenizer) = model.tokenizer() {
        text(&tokenizer, "A b, [MASK] ﬁ e\u{301}\u{200d}한국 ½ \u{10ffff}");
    }
    let plan = Plan::new(config, TOKENS);
    if plan.arena_bytes() > MOST_ARENA_BYTES || model.block_runs() > MOST_BLOCK_RUNS {
        return false;
    }
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(model, plan, &mut arena).expect("an arena of the planned size is accepted");
    let ids: Vec<u32> = (0..plan.max_tokens() as u32).map(|position| position * 7 % config.vocab_size).collect();
    let output = session.run(&Input::new(&ids).with_positions(Positions::All)).expect("a valid input is accepted");
    assert_eq!(output.positions().len(), ids.len());
    assert_eq!(output.last_hidden_state().len(), ids.len() * config.hidden_size as usize);
    if let Some(mut logits) = session.vocabulary_logits(0) {
        let mut seen = 0;
        while let Some(chunk) = logits.next_chunk() {
            assert_eq!(chunk.first, seen);
            seen += chunk.logits.len() as u32;
        }
        assert_eq!(seen, config.vocab_size);
    }
    let _ = session.scores();
    true
}

/// Reads a head file; classifies with it when it was made for the encoder. Returns whether it was.
///
/// # Panics
/// When the library breaks a promise.
pub fn head_file(bytes: &[u8], encoder: &Model<'_>) -> bool {
    let file = Aligned::copy(bytes);
    let Ok(head) = HeadFile::from_bytes(&file) else { return false };
    let labels = head.classifier().num_labels as usize;
    let _ = (0..3).filter_map(|label| head.label(label)).count() + head.provenance().len();
    let plan = Plan::new(encoder.config(), TOKENS).with_labels(labels);
    if plan.arena_bytes() > MOST_ARENA_BYTES {
        return false;
    }
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(encoder, plan, &mut arena).expect("an arena of the planned size is accepted");
    if session.set_head(Some(&head)).is_err() {
        return false;
    }
    let ids: Vec<u32> = (0..plan.max_tokens() as u32).collect();
    let output = session.run(&Input::new(&ids)).expect("a valid input is accepted");
    assert_eq!(output.logits().len(), labels);
    let _ = session.scores();
    true
}

/// Reads an index file; searches it when it is accepted. Returns whether it was.
///
/// # Panics
/// When the library breaks a promise.
pub fn index_file(bytes: &[u8]) -> bool {
    let file = Aligned::copy(bytes);
    let Ok(index) = IndexFile::from_bytes(&file) else { return false };
    let query: Vec<f32> = (0..index.width()).map(|element| element as f32 - 1.0).collect();
    let mut memory = Aligned::zeros(Search::bytes(index.width()));
    let kernels = albert_core::kernels::detect();
    let mut search = Search::new(kernels, &index, &query, &mut memory).expect("the memory that it asks for");
    let mut seen = 0;
    while let Some(chunk) = search.next_chunk() {
        assert_eq!(chunk.first as usize, seen);
        seen += chunk.scores.len();
    }
    assert_eq!(seen, index.count());
    let _ = (0..3).filter_map(|entry| index.text(entry)).count();
    true
}

/// Names of weights files, one for each container.
pub const CONTAINERS: [&str; 6] = [
    "model.safetensors",
    "pytorch_model.bin",
    "tf_model.h5",
    "flax_model.msgpack",
    "model.ckpt-best.index",
    "model.safetensors.index.json",
];

/// Most memory and time that converting a small checkpoint may take, beside ten times its size.
const ALLOWANCE: usize = 64 << 20;
const MOST_TIME: Duration = Duration::from_secs(5);

/// Converts a checkpoint of some files to every kind of weights, as [`checkpoint_to`] does. Returns whether a model ran.
///
/// # Panics
/// When the library breaks a promise.
pub fn checkpoint(config: &[u8], files: &[(&str, &[u8])]) -> bool {
    checkpoint_to(&Weights::ALL, config, files)
}

/// Converts a checkpoint of some files to some kinds of weights; what comes out is a model file that runs. Returns whether one
/// did. Memory is counted where the program has [`memory::Counting`] as its allocator, and nothing else is running.
///
/// # Panics
/// When the library breaks a promise.
pub fn checkpoint_to(kinds: &[Weights], config: &[u8], files: &[(&str, &[u8])]) -> bool {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, bytes) in [("config.json", config)].iter().chain(files) {
        fs::write(directory.path().join(name), bytes).expect("the directory is writable");
    }
    let bytes = config.len() + files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    let mut ran = false;
    // A short calibration: what may break is the reading, and there are hundreds of files.
    let rows = [vec![0, 1, 2, 3, 4, 5], vec![6, 7]];
    for &weights in kinds {
        let mut options = Options::default();
        options.weights = weights;
        options.calibration = Calibration::Ids(&rows);
        let clock = Clock::start();
        let (converted, held) = memory::peak(|| convert(directory.path(), &options));
        assert!(held <= 10 * bytes + ALLOWANCE, "{held} bytes of memory for {bytes}");
        assert!(clock.elapsed() < MOST_TIME, "{:?} for {bytes} bytes", clock.elapsed());
        match converted {
            Ok(converted) => {
                assert_eq!(verify_checksum(&converted.bytes), Ok(()));
                ran |= run(&Model::from_bytes(&converted.bytes).expect("the converter writes valid files"));
            }
            Err(error) => {
                one_line(&error);
            }
        }
    }
    ran
}

/// What an error says.
///
/// # Panics
/// When it is not one line.
pub fn one_line(error: &impl Display) {
    let line = error.to_string();
    assert!(!line.is_empty() && !line.contains('\n'), "one clear line: {line:?}");
}

/// Reads a tokenizer section; uses it when it is accepted.
///
/// # Panics
/// When the library breaks a promise.
pub fn tokenizer_section(bytes: &[u8], input: &str) {
    let section = Aligned::copy(bytes);
    if let Ok(tokenizer) = Tokenizer::parse(&section) {
        text(&tokenizer, input);
    }
}

/// Takes what compiling a tokenizer's file came to: a section that is valid and used, or an error of one line.
///
/// # Panics
/// When the library breaks a promise.
pub fn compiled(compiled: Result<CompiledTokenizer, CompileError>, input: &str) {
    match compiled {
        Ok(compiled) => {
            let section = Aligned::copy(&compiled.bytes);
            text(&Tokenizer::parse(&section).expect("the compiler writes valid sections"), input);
        }
        Err(error) => {
            one_line(&error);
        }
    }
}

/// Encodes and decodes with tables that may be damaged.
fn text(tokenizer: &Tokenizer<'_>, input: &str) {
    let mut memory = Aligned::zeros(1 << 16);
    for pair in [None, Some(input)] {
        let options = EncodeOptions { max_tokens: Some(24), ..EncodeOptions::default() };
        if let Ok(encoding) = tokenizer.encode(input, pair, &options, &mut memory) {
            assert!(encoding.len() <= 24);
            let characters = input.chars().count() as u32;
            assert!(encoding.offsets().iter().all(|span| span.start <= span.end && span.end <= characters));
            let mut decoded = String::new();
            let _ = tokenizer.decode(encoding.ids(), false, &mut decoded);
            let _ = (0..encoding.len()).filter_map(|index| encoding.token(tokenizer, index)).count();
        }
    }
    let _ = (tokenizer.token_to_id(input), tokenizer.id_to_token(u32::MAX), tokenizer.vocab_size());
}
