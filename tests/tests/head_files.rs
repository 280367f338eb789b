//! Head files: a classifier beside an encoder gives the bits that it gives inside the model file, and nothing but a good head for
//! this very encoder is accepted.

use std::sync::LazyLock;

use albert_core::error::{ConfigField, TensorProblem};
use albert_core::format::layout::{dtype, role};
use albert_core::format::verify_checksum;
use albert_core::{ExitPolicy, FormatError, HeadFile, Input, Model, Plan, Session, SessionError};
use albert_tests::aligned::Aligned;
use albert_tests::model_file::{Parts, Storage, head_file, put_u32};
use albert_tests::random::{self, Geometry, Random};
use albert_tests::{engine, fixtures};

const LABELS: usize = 5;
const IDS: [u32; 6] = [3, 9, 1, 30, 7, 7];

const GEOMETRY: Geometry = Geometry {
    class: "AlbertForSequenceClassification",
    hidden_act: "gelu_new",
    vocab_size: 40,
    embedding_size: 8,
    num_attention_heads: 3,
    head_size: 4,
    intermediate_size: 20,
    num_hidden_layers: 2,
    num_hidden_groups: 1,
    inner_group_num: 1,
    max_position_embeddings: 16,
    type_vocab_size: 2,
    num_labels: LABELS,
};

/// A classifier, and its network alone.
fn classifier(storage: Storage, seed: u64) -> [Parts; 2] {
    let checkpoint = random::checkpoint(&GEOMETRY, &mut Random(seed));
    let whole = Parts::new(&checkpoint, storage);
    let mut alone = whole.clone();
    alone.records.retain(|record| !matches!(record.role, role::CLASSIFIER | role::CLASSIFIER_BIAS));
    put_u32(&mut alone.config, 128, 0);
    put_u32(&mut alone.config, 132, 0);
    alone.more.remove(0);
    [whole, alone]
}

/// The describing section of a head for the encoder of `parts`.
fn describe(parts: &Parts, problem_type: u32, pooling: u32, temperature: f32) -> Vec<u8> {
    let words = [12, LABELS as u32, problem_type, pooling, temperature.to_bits(), 0.5f32.to_bits(), 0, 0];
    let words = words.into_iter().flat_map(u32::to_le_bytes);
    words.chain(parts.encoder_hash()).collect()
}

#[test]
fn a_head_beside_its_encoder() {
    for storage in [Storage::INT8, Storage::F32] {
        for (pooling, problem_type) in [(0, 0), (1, 1), (2, 0), (3, 0), (4, 1)] {
            let [mut whole, alone] = classifier(storage, 7);
            let head = head_file(&describe(&alone, problem_type, pooling, 1.5), &whole);
            put_u32(&mut whole.config, 136, problem_type);
            put_u32(&mut whole.config, 140, pooling);
            put_u32(&mut whole.config, 144, 1.5f32.to_bits());
            let (whole, alone) = (whole.assemble(), alone.assemble());
            assert_eq!(verify_checksum(&head), Ok(()));
            let [whole, alone] = [&whole, &alone].map(|file| Model::from_bytes(file).expect("a valid model file"));
            let head = HeadFile::from_bytes(&head).expect("a valid head file");
            assert_eq!((whole.encoder_hash(), alone.encoder_hash()), (head.encoder_hash(), head.encoder_hash()));
            for kernels in engine::all_kernels() {
                let run = |model: &Model<'_>, head: Option<&HeadFile<'_>>| {
                    let plan = Plan::new(model.config(), IDS.len()).with_labels(LABELS);
                    let mut arena = Aligned::zeros(plan.arena_bytes());
                    let model = *model;
                    let mut session = Session::with_kernels(&model, plan, &mut arena, kernels).expect("the arena");
                    session.set_head(head).expect("a head for this encoder");
                    let output = session.run(&Input::new(&IDS)).expect("a valid input");
                    let (logits, pooled) = (output.logits().to_vec(), output.pooled().map(<[f32]>::to_vec));
                    let classifier = session.classifier().expect("a classifier");
                    assert_eq!((classifier.num_labels, classifier.temperature), (LABELS as u32, 1.5));
                    assert_eq!((session.label(4), session.label(5)), (Some("L4"), None));
                    (logits, pooled, session.scores().expect("scores").to_vec())
                };
                assert_eq!(run(&alone, Some(&head)), run(&whole, None), "{storage:?}, {pooling}, {kernels:?}");
                // It takes the place of the model's own head.
                assert_eq!(run(&whole, Some(&head)), run(&whole, None), "{storage:?}, {pooling}, {kernels:?}");
            }
        }
    }
}

/// A head serves beside models with heads of every kind, and goes away again.
#[test]
fn beside_any_head() {
    for fixture in fixtures::all() {
        let reference = albert_tests::reference::Reference::load(&fixture.directory);
        let parts = Parts::new(&reference, Storage::INT8);
        let (file, hidden) = (parts.assemble(), reference.config.hidden_size);
        let model = Model::from_bytes(&file).expect("a valid model file");
        let mut donor = GEOMETRY;
        (donor.num_attention_heads, donor.head_size) = (1, hidden);
        let donor = Parts::new(&random::checkpoint(&donor, &mut Random(5)), Storage::INT8);
        let mut description = describe(&parts, 0, 2, 1.0);
        put_u32(&mut description, 0, hidden as u32);
        let head = head_file(&description, &donor);
        let head = HeadFile::from_bytes(&head).expect("a valid head file");
        let ids: Vec<u32> = fixture.sequences[0].ids.iter().map(|&id| id as u32).collect();
        let plan = Plan::new(model.config(), ids.len()).with_labels(LABELS);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        let own = session.run(&Input::new(&ids)).expect("a valid input").logits().to_vec();
        session.set_head(Some(&head)).expect("a head for this encoder");
        let output = session.run(&Input::new(&ids)).expect("a valid input");
        assert_eq!(output.logits().len(), LABELS, "{}", fixture.name);
        assert!(session.scores().is_some_and(|scores| (scores.iter().sum::<f32>() - 1.0).abs() < 1e-5));
        session.set_head(None).expect("no head is always possible");
        assert_eq!(session.run(&Input::new(&ids)).expect("a valid input").logits(), own, "{}", fixture.name);
    }
}

#[test]
fn other_encoders_are_refused() {
    let [whole, alone] = classifier(Storage::INT8, 7);
    let head = head_file(&describe(&alone, 0, 0, 1.0), &whole);
    let head = HeadFile::from_bytes(&head).expect("a valid head file");
    let refused = |parts: &Parts, labels: usize, expected| {
        let file = parts.assemble();
        let model = Model::from_bytes(&file).expect("a valid model file");
        let plan = Plan::new(model.config(), IDS.len()).with_labels(labels);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        assert_eq!(session.set_head(Some(&head)), expected);
        // Then the model's own head is still in use.
        assert_eq!(session.head().is_some(), expected.is_ok());
    };
    refused(&alone, LABELS, Ok(()));
    refused(&alone, LABELS - 1, Err(SessionError::HeadLabels { labels: LABELS, planned: LABELS - 1 }));
    // Other weights, other numbers, another tokenizer, one weight.
    refused(&classifier(Storage::INT8, 8)[1], LABELS, Err(SessionError::OtherEncoder));
    refused(&classifier(Storage::F32, 7)[1], LABELS, Err(SessionError::OtherEncoder));
    let mut other = alone.clone();
    put_u32(&mut other.config, 44, 1e-6f32.to_bits());
    refused(&other, LABELS, Err(SessionError::OtherEncoder));
    let mut other = alone.clone();
    other.records[9].parts[0][3] ^= 1;
    refused(&other, LABELS, Err(SessionError::OtherEncoder));
    // What is no part of the encoder does not count.
    let mut other = whole.clone();
    put_u32(&mut other.config, 76, 9);
    put_u32(&mut other.config, 160, 1);
    refused(&other, LABELS, Ok(()));
}

#[test]
fn early_exit_needs_one_label() {
    let [whole, alone] = classifier(Storage::INT8, 7);
    let file = whole.assemble();
    let model = Model::from_bytes(&file).expect("a valid model file");
    let plan = Plan::new(model.config(), IDS.len()).with_labels(LABELS);
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
    let [one, several] = [0, 1].map(|problem_type| head_file(&describe(&alone, problem_type, 2, 1.0), &whole));
    let [one, several] = [&one, &several].map(|file| HeadFile::from_bytes(file).expect("a valid head file"));
    session.set_head(Some(&several)).expect("a head for this encoder");
    assert_eq!(session.set_early_exit(Some(ExitPolicy::Patience(1))), Err(SessionError::NoExit));
    session.set_head(Some(&one)).expect("a head for this encoder");
    session.set_early_exit(Some(ExitPolicy::Patience(0))).expect("one label is chosen");
    assert_eq!(session.run(&Input::new(&IDS)).expect("a valid input").layers(), 1);
    assert_eq!(session.set_head(Some(&several)), Err(SessionError::NoExit));
}

/// One bad file for each rule.
#[test]
fn rules() {
    static GOOD: LazyLock<[Parts; 2]> = LazyLock::new(|| classifier(Storage::INT8, 7));
    let [whole, alone] = &*GOOD;
    let good = describe(alone, 0, 0, 1.0);
    let refused = |edit: &dyn Fn(&mut Vec<u8>), expected: FormatError| {
        let mut head = good.clone();
        edit(&mut head);
        assert_eq!(HeadFile::from_bytes(&head_file(&head, whole)).expect_err("refused"), expected);
    };
    let fields: [(usize, &[u32], ConfigField); 6] = [
        (0, &[0, 65_537, u32::MAX], ConfigField::HiddenSize),
        (4, &[0, u32::MAX], ConfigField::NumLabels),
        (8, &[3, u32::MAX], ConfigField::ProblemType),
        (12, &[5, u32::MAX], ConfigField::Pooling),
        (16, &[0, f32::NAN.to_bits(), f32::NEG_INFINITY.to_bits()], ConfigField::Temperature),
        (20, &[f32::NAN.to_bits(), 2f32.to_bits(), (-1f32).to_bits()], ConfigField::Threshold),
    ];
    for (at, values, field) in fields {
        for &value in values {
            refused(&|head| put_u32(head, at, value), FormatError::Config(field));
        }
    }
    for at in 24..32 {
        refused(&|head| head[at] = 1, FormatError::Reserved);
    }
    refused(&|head| head.truncate(63), FormatError::Truncated { needed: 64 });
    refused(&|head| head.push(0), FormatError::Truncated { needed: 64 });
    let tensor = |role, problem| FormatError::Tensor { role, block: 0, problem };
    refused(&|head| put_u32(head, 0, 13), tensor(role::CLASSIFIER, TensorProblem::Shape));
    refused(&|head| put_u32(head, 4, 6), tensor(role::CLASSIFIER, TensorProblem::Shape));

    let edited = |edit: &dyn Fn(&mut Parts), expected: FormatError| {
        let mut parts = whole.clone();
        edit(&mut parts);
        assert_eq!(HeadFile::from_bytes(&head_file(&good, &parts)).expect_err("refused"), expected);
    };
    let last = whole.records.len() - 1;
    edited(&|parts| drop(parts.records.pop()), FormatError::TensorCount { found: 1 });
    edited(&|parts| parts.records.push(parts.records[last].clone()), FormatError::TensorCount { found: 3 });
    edited(&|parts| parts.records.swap(last - 1, last), tensor(role::CLASSIFIER, TensorProblem::Order));
    for kind in [dtype::F16, dtype::C4, dtype::C5, 9] {
        edited(&|parts| parts.records[last - 1].dtype = kind, tensor(role::CLASSIFIER, TensorProblem::Dtype));
    }
    edited(&|parts| parts.records[last].columns = 4, tensor(role::CLASSIFIER_BIAS, TensorProblem::Shape));
    edited(&|parts| parts.records[last].parts[0].clear(), tensor(role::CLASSIFIER_BIAS, TensorProblem::Bounds));
    edited(&|parts| put_u32(&mut parts.more[0].2, 0, 4), FormatError::Labels);
    edited(&|parts| parts.more[1].2[0] = 0xff, FormatError::Provenance);
    let model = whole.assemble();
    assert_eq!(HeadFile::from_bytes(&model).expect_err("a model is no head"), FormatError::Magic);
    assert_eq!(Model::from_bytes(&head_file(&good, whole)).expect_err("a head is no model"), FormatError::Magic);
}

/// Every truncation and every flipped byte is refused or runs.
#[test]
fn damaged() {
    let [whole, alone] = classifier(Storage::INT8, 7);
    let head = head_file(&describe(&alone, 0, 2, 1.0), &whole);
    let file = alone.assemble();
    let model = Model::from_bytes(&file).expect("a valid model file");
    let plan = Plan::new(model.config(), IDS.len()).with_labels(LABELS);
    let mut arena = Aligned::zeros(plan.arena_bytes());
    for length in 0..head.len() {
        assert!(HeadFile::from_bytes(&Aligned::copy(&head[..length])).is_err());
    }
    let (mut damaged, mut ran) = (Aligned::copy(&head), 0);
    for at in 0..head.len() {
        for mask in [1 << (at % 8), 0xff] {
            damaged[at] ^= mask;
            if let Ok(head) = HeadFile::from_bytes(&damaged) {
                let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
                if session.set_head(Some(&head)).is_ok() {
                    session.run(&Input::new(&IDS)).expect("a valid input");
                    ran += usize::from(session.scores().is_some());
                }
            }
            damaged[at] ^= mask;
        }
    }
    assert!(ran > 100, "{ran}");
}
