//! Several sequences in one run give the bits of one by one.

use albert_core::heads::argmax;
use albert_core::{BatchError, ExitPolicy, Input, InputError, Model, Plan, Positions, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine::{Results, Run, all_kernels, run, run_batch};
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::random::{Geometry, Random, checkpoint, sequence};
use albert_tests::reference::Sequence;

const CLASSES: [&str; 7] = [
    "AlbertModel",
    "AlbertForSequenceClassification",
    "AlbertForTokenClassification",
    "AlbertForQuestionAnswering",
    "AlbertForMultipleChoice",
    "AlbertForMaskedLM",
    "AlbertForPreTraining",
];

/// Every other one has heads that workers can share.
fn geometry(class: &'static str, case: usize, numbers: &mut Random) -> Geometry {
    Geometry {
        class,
        hidden_act: "gelu_new",
        vocab_size: 50,
        embedding_size: 4 + numbers.below(30),
        num_attention_heads: 1 + numbers.below(4),
        head_size: if case.is_multiple_of(2) { 16 * (1 + numbers.below(3)) } else { 4 + numbers.below(30) },
        intermediate_size: 1 + numbers.below(150),
        num_hidden_layers: 1 + numbers.below(3),
        num_hidden_groups: 1,
        inner_group_num: 1 + numbers.below(2),
        max_position_embeddings: 64,
        type_vocab_size: 2,
        num_labels: 3,
    }
}

fn bits(results: &[Results]) -> Vec<Vec<(&'static str, Vec<u32>)>> {
    let of = |values: &Vec<f32>| values.iter().map(|value| value.to_bits()).collect();
    results.iter().map(|results| results.iter().map(|(&name, values)| (name, of(values))).collect()).collect()
}

#[test]
fn same_bits() {
    let mut numbers = Random(11);
    for case in 0..70 {
        let geometry = geometry(CLASSES[case % CLASSES.len()], case, &mut numbers);
        let checkpoint = checkpoint(&geometry, &mut numbers);
        let count = 1 + numbers.below(9);
        let longest = [5, 20, 60][numbers.below(3)];
        let sequences: Vec<Sequence> =
            (0..count).map(|_| sequence(&geometry, 1 + numbers.below(longest), &mut numbers)).collect();
        let inputs = Inputs { extra: numbers.below(6), smoothing: numbers.below(2) == 0 };
        let storages =
            [Storage::F32, Storage::Int8(inputs), Storage::Codebook(16, inputs), Storage::Codebook(32, inputs)];
        let file = Parts::new(&checkpoint, storages[numbers.below(4)]).assemble();
        let positions = [Positions::All, Positions::Head][numbers.below(2)];
        let (tile_rows, workers) = (4 + numbers.below(80), 1 + numbers.below(5));
        for kernels in all_kernels() {
            let expected = run(&file, &sequences, &Run { kernels, positions, ..Run::default() });
            let found = run_batch(&file, &sequences, &Run { kernels, positions, tile_rows, workers, ..Run::default() });
            let lengths: Vec<_> = sequences.iter().map(|sequence| sequence.ids.len()).collect();
            let what = format!("{kernels:?}, {positions:?}, tiles of {tile_rows}, {workers} workers, {lengths:?}");
            assert!(bits(&expected) == bits(&found), "case {case}: {} {what}", geometry.class);
        }
    }
}

/// What is wrong is named, with the input that it is in; a plan for several takes one, too.
#[test]
fn limits() {
    let mut numbers = Random(12);
    let geometry = geometry("AlbertForSequenceClassification", 0, &mut numbers);
    let file = Parts::new(&checkpoint(&geometry, &mut numbers), Storage::INT8).assemble();
    let model = Model::from_bytes(&file).expect("a valid file");
    let plan = Plan::new(model.config(), 8).with_sequences(3, 18);
    assert_eq!((plan.max_tokens(), plan.max_sequences(), plan.total_tokens()), (8, 3, 18));
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
    let (six, seven, bad) = (Input::new(&[2; 6]), Input::new(&[2; 7]), Input::new(&[2, 99]));
    let mut start = |inputs: &[Input<'_>]| session.start_batch(inputs);
    assert_eq!(start(&[]), Err(BatchError { index: 0, error: InputError::Empty }));
    assert_eq!(start(&[six, bad]), Err(BatchError { index: 1, error: InputError::Id { index: 1, id: 99 } }));
    assert_eq!(start(&[six; 4]), Err(BatchError { index: 3, error: InputError::TooManySequences { limit: 3 } }));
    assert_eq!(start(&[six, six, seven]), Err(BatchError { index: 2, error: InputError::BatchTooLong { limit: 18 } }));
    assert_eq!(start(&[six, six.with_layers(1)]), Err(BatchError { index: 1, error: InputError::Layers }));
    assert_eq!(start(&[six; 3]), Ok(()));
    let labels = {
        session.run(&six).expect("a valid input");
        assert!(session.output_of(1).is_none() && session.scores_of(1).is_none());
        session.scores().map(|scores| (argmax(scores), scores.len()))
    };
    session.start_batch(&[seven, six]).expect("valid inputs");
    while session.step() == albert_core::Progress::Running {}
    assert_eq!(session.scores_of(1).map(|scores| (argmax(scores), scores.len())), labels);
    session.set_early_exit(Some(ExitPolicy::Patience(1))).expect("the head chooses one label");
    assert_eq!(session.start_batch(&[six; 2]), Err(BatchError { index: 1, error: InputError::ExitPolicy }));
    assert_eq!(session.start_batch(&[six]), Ok(()));
}

/// Sizes are never less for more, and a plan for one is what it was.
#[test]
fn sizes() {
    let config = albert_core::Config::BASE;
    let one = Plan::new(&config, 32).arena_bytes();
    assert_eq!(Plan::new(&config, 32).with_sequences(1, 999).arena_bytes(), one);
    let bytes = |count, total| Plan::new(&config, 32).with_sequences(count, total).arena_bytes();
    for count in 2..40 {
        assert!(bytes(count, 40) <= bytes(count + 1, 40) && bytes(count, 32) > one);
        assert!(bytes(count, 40 + count) <= bytes(count, 41 + count));
    }
    assert!(bytes(usize::MAX, usize::MAX) > usize::MAX / 2);
}
