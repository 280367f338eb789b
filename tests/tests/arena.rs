//! The arena: its size is exact, known at compile time, and held to a bound.

use albert_core::config::Head;
use albert_core::heads::{Candidate, TopK};
use albert_core::{Arena, Config, Input, Model, Plan, Positions, Session, SessionError};
use albert_quant::{Calibration, Geometry, Options, synth};
use albert_tests::aligned::Aligned;
use albert_tests::engine::Tokens;
use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::page;
use albert_tests::reference::Reference;

/// Bytes that albert-base may need for 128 tokens with the default tiles.
const BASE_BOUND: usize = 1_100_000;

const PLAN: Plan = Plan::new(&Config::BASE, 128);
static ARENA: Arena<{ PLAN.arena_bytes() }> = Arena::new();

#[test]
fn base_geometry_is_bounded() {
    println!("albert-base, 128 tokens: {} bytes", PLAN.arena_bytes());
    assert!(PLAN.arena_bytes() <= BASE_BOUND);
}

#[test]
fn compile_time_is_run_time() {
    let config = std::hint::black_box(Config::BASE);
    let plan = Plan::new(&config, std::hint::black_box(128));
    assert_eq!(plan, PLAN);
    assert_eq!(plan.arena_bytes(), PLAN.arena_bytes());
    assert_eq!(ARENA.0.len(), plan.arena_bytes());
    assert_eq!(ARENA.0.as_ptr().addr() % 64, 0);
}

#[test]
fn tile_rows_are_the_next_ones_allowed() {
    let rows = |rows| Plan::new(&Config::BASE, 64).with_tile_rows(rows).tile_rows();
    assert_eq!(
        [0, 1, 4, 5, 511, 512, 513, usize::MAX - 2, usize::MAX].map(rows),
        [4, 4, 4, 8, 512, 512, 512, 512, 512]
    );
}

/// More tokens and larger tiles never need less; the sum does not overflow, whatever the sizes.
#[test]
fn sizes_are_monotone() {
    let bytes = |tokens, rows| Plan::new(&Config::BASE, tokens).with_tile_rows(rows).arena_bytes();
    for tokens in 1..512 {
        assert!(bytes(tokens, 16) <= bytes(tokens + 1, 16), "{tokens} tokens");
    }
    for rows in 1..512 {
        assert!(bytes(64, rows) <= bytes(64, rows + 1), "{rows} rows");
    }
    let huge = Config { hidden_size: u32::MAX, max_position_embeddings: u32::MAX, ..Config::BASE };
    assert!(Plan::new(&huge, usize::MAX).arena_bytes() > usize::MAX / 2);
}

/// Vocabulary logits are streamed: no buffer of vocabulary size.
#[test]
fn a_masked_lm_needs_hardly_more_than_a_classifier() {
    let mut options = Options::default();
    options.calibration = Calibration::None;
    let synthetic = |head| synth(Geometry::Base, head, 1, &options).expect("a synthetic model").bytes;
    let (masked_lm, classifier) = (synthetic(Head::MaskedLm), synthetic(Head::SequenceClassification));
    let [masked_lm, classifier] = [&masked_lm, &classifier].map(|file| Model::from_bytes(file).expect("a valid file"));
    let plan = Plan::new(masked_lm.config(), 128);
    let (bytes, bound) = (plan.arena_bytes(), Plan::new(classifier.config(), 128).arena_bytes());
    let rows = [("masked LM", bytes), ("classifier, with a pooled output and logits", bound)];
    let rows = rows.map(|(what, bytes)| format!("| {what} | {bytes} |"));
    page::hold_exactly("fidelity.md", "masked LM", "| albert-base, 128 tokens | arena, bytes |\n|---|--:|", &rows);
    assert!(bytes * 100 <= bound * 103, "{bytes}");

    let ids: Vec<u32> = (0..128).map(|index| 5 + index * 233).collect();
    let mut arena = Aligned::zeros(bytes);
    let mut session = Session::new(&masked_lm, plan, &mut arena).expect("the planned arena");
    session.run(&Input::new(&ids).with_positions(Positions::Listed(&[64]))).expect("a valid input");
    let mut best = [Candidate::default(); 5];
    let mut top = TopK::new(&mut best);
    let mut logits = session.vocabulary_logits(0).expect("a masked LM");
    let mut seen = 0;
    while let Some(chunk) = logits.next_chunk() {
        top.push(chunk.first, chunk.logits);
        seen += chunk.logits.len();
    }
    assert_eq!(seen, 30_000);
    let best = top.finish();
    assert!(best.len() == 5 && best.windows(2).all(|pair| pair[0].score >= pair[1].score && pair[1].score > 0.0));
}

#[test]
fn every_smaller_arena_is_refused() {
    for name in ["model-minute", "pre-training-groups"] {
        let (file, tokens) = load(name);
        let model = Model::from_bytes(&file).expect("a valid model file");
        let plan = Plan::new(model.config(), tokens);
        let planned = plan.arena_bytes();
        let mut arena = Aligned::zeros(planned);
        for length in 0..planned {
            let refused = Session::new(&model, plan, &mut arena[..length]).expect_err("too small");
            assert_eq!(
                refused,
                SessionError::ArenaTooSmall { missing: planned - length },
                "{name}, {length} of {planned}"
            );
        }
        assert!(Session::new(&model, plan, &mut arena).is_ok(), "{name}");
    }
}

/// From an address that is no multiple of 64, the bytes before the next one are lost and no more.
#[test]
fn misaligned_arenas() {
    let (file, tokens) = load("sequence-classification-narrow");
    let sequence = &fixtures::load("sequence-classification-narrow").sequences[0];
    let model = Model::from_bytes(&file).expect("a valid model file");
    let plan = Plan::new(model.config(), tokens);
    let run = |arena: &mut [u8]| {
        let mut session = Session::new(&model, plan, arena)?;
        let output = session.run(&Tokens::new(sequence).input()).expect("a valid input");
        Ok::<_, SessionError>(output.logits().iter().map(|logit| logit.to_bits()).collect::<Vec<_>>())
    };
    let expected = run(&mut Aligned::zeros(plan.arena_bytes())).expect("the planned arena");
    for offset in 1..64 {
        let needed = plan.arena_bytes() + 64 - offset;
        let mut arena = Aligned::behind(offset, needed);
        assert_eq!(run(&mut arena[..needed - 1]), Err(SessionError::ArenaTooSmall { missing: 1 }), "{offset}");
        assert_eq!(run(&mut arena).as_ref(), Ok(&expected), "{offset}");
        assert_eq!(run(&mut arena[..1]), Err(SessionError::ArenaTooSmall { missing: needed - 1 }), "{offset}");
    }
}

/// Operands and sums of products in memory of their own: same bits, and the memory is exactly as large as it has to be.
#[test]
fn fast_memory() {
    let (file, tokens) = load("sequence-classification-narrow");
    let sequence = &fixtures::load("sequence-classification-narrow").sequences[0];
    let model = Model::from_bytes(&file).expect("a valid model file");
    for workers in [1, 3] {
        let plan = Plan::new(model.config(), tokens).with_workers(workers);
        let run = |fast: Option<&mut [u8]>| {
            let mut arena = Aligned::zeros(plan.arena_bytes());
            let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
            fast.map_or(Ok(()), |fast| session.set_fast_memory(fast))?;
            let output = session.run(&Tokens::new(sequence).input()).expect("a valid input");
            Ok::<_, SessionError>(output.logits().iter().map(|logit| logit.to_bits()).collect::<Vec<_>>())
        };
        let mut fast = Aligned::zeros(plan.fast_bytes());
        fast.fill(0xa5);
        let last = plan.fast_bytes() - 1;
        assert_eq!(run(Some(&mut fast[..last])), Err(SessionError::ArenaTooSmall { missing: 1 }));
        assert!(fast.iter().all(|&byte| byte == 0xa5));
        assert_eq!(run(Some(&mut fast)), run(None), "{workers} workers");
        assert!(fast.iter().any(|&byte| byte != 0xa5));
    }
}

#[test]
fn a_plan_belongs_to_its_model() {
    let (file, tokens) = load("model-minute");
    let model = Model::from_bytes(&file).expect("a valid model file");
    let other = Config { layer_norm_eps: 0.5, ..*model.config() };
    let plan = Plan::new(&other, tokens);
    let mut arena = Aligned::zeros(plan.arena_bytes());
    assert_eq!(Session::new(&model, plan, &mut arena).expect_err("another plan"), SessionError::PlanMismatch);
}

/// An int8 model file of a fixture, and its longest input.
fn load(name: &str) -> (Aligned, usize) {
    let fixture = fixtures::load(name);
    let storage = Storage::Int8(Inputs { extra: 3, smoothing: true });
    let file = Parts::new(&Reference::load(&fixture.directory), storage).assemble();
    (file, fixture.sequences[0].ids.len())
}
