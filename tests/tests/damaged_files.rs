//! Damaged model files: every truncation and every flipped byte is refused with a typed error or runs, whatever it computes.

use albert_core::{FormatError, Model, Plan, Positions, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine::Tokens;
use albert_tests::fixtures::{self, Fixture};
use albert_tests::model_file::{Parts, Storage};
use albert_tests::reference::Reference;

/// A damaged file may ask for more memory than its tensors could use (the longest input, the split lists); inference is
/// tried when it does not ask for more than this.
const MOST_ARENA_BYTES: usize = 16 << 20;

/// Tokens of the input that accepted files are run on.
const TOKENS: usize = 9;

const INT8: Storage = Storage::Int8 { extra: 3, smoothing: true };

#[test]
fn truncations() {
    for name in ["model-minute", "pre-training-narrow"] {
        let (file, _) = load(name, INT8);
        for length in 0..file.len() {
            let error = Model::from_bytes(&file[..length]).err();
            let expected = match length {
                0..64 => FormatError::Truncated { needed: 64 },
                _ => FormatError::FileBytes { stated: file.len() as u64, actual: length as u64 },
            };
            assert_eq!(error, Some(expected), "{name}, {length} bytes");
        }
    }
}

/// A truncated file whose header is none the wiser.
#[test]
fn consistent_truncations() {
    let (file, _) = load("model-minute", INT8);
    for length in 64..file.len() {
        let mut file = Aligned::copy(&file[..length]);
        file[16..24].copy_from_slice(&(length as u64).to_le_bytes());
        assert!(Model::from_bytes(&file).is_err(), "{length} bytes");
    }
}

#[test]
fn flipped_bytes_int8() {
    flip_every_byte("model-minute", INT8);
}

#[test]
fn flipped_bytes_float() {
    flip_every_byte("model-minute", Storage::F32);
}

#[test]
fn flipped_bytes_heads() {
    for name in ["sequence-classification-square", "question-answering-square", "pre-training-square"] {
        let (file, fixture) = load(name, INT8);
        // Header, directory, configuration and records; the tensors of a larger model are not worth the time.
        let end = file.len().min(5000);
        flip(name, &file, &fixture, 0..end);
    }
}

fn flip_every_byte(name: &str, storage: Storage) {
    let (file, fixture) = load(name, storage);
    flip(name, &file, &fixture, 0..file.len());
}

/// Flips single bits and whole bytes; runs what is accepted.
fn flip(name: &str, file: &[u8], fixture: &Fixture, range: std::ops::Range<usize>) {
    let mut file = Aligned::copy(file);
    let (mut refused, mut ran) = (0, 0);
    let tokens = Tokens::new(&fixture.sequences[0].first(TOKENS));
    for at in range {
        for mask in (0..8).map(|bit| 1 << bit).chain([0xff]) {
            file[at] ^= mask;
            match Model::from_bytes(&file) {
                Err(_) => refused += 1,
                // Single bits of tensor data differ little: one of them and the whole byte will do.
                Ok(model) if mask == 1 << (at % 8) || mask == 0xff => ran += usize::from(run(&model, &tokens)),
                Ok(_) => {}
            }
            file[at] ^= mask;
        }
    }
    println!("{name}: {refused} refused, {ran} accepted and run");
    assert!(refused > 0 && ran > 0);
}

/// Runs an input through a model that may be anything valid; returns whether there was memory for it.
fn run(model: &Model<'_>, tokens: &Tokens) -> bool {
    let plan = Plan::new(model.config(), TOKENS);
    if plan.arena_bytes() > MOST_ARENA_BYTES {
        return false;
    }
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(model, plan, &mut arena).expect("the planned arena");
    // The damage may have made ids or the length invalid: then the input is refused.
    let _ = session.run(&tokens.input().with_positions(Positions::All));
    if let Some(mut logits) = session.vocabulary_logits(0) {
        while logits.next_chunk().is_some() {}
    }
    let _ = session.scores();
    let _ = (0..3).filter_map(|label| model.label(label)).count();
    true
}

fn load(name: &str, storage: Storage) -> (Aligned, Fixture) {
    let fixture = fixtures::load(name);
    (Parts::new(&Reference::load(&fixture.directory), storage).assemble(), fixture)
}
