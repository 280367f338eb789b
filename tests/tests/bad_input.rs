//! Inputs that cannot be run are refused with a typed error, and the session is as good as before.

use albert_core::{Input, InputError, Model, Plan, Positions, Progress, Session};
use albert_tests::aligned::Aligned;
use albert_tests::fixtures;
use albert_tests::model_file::{Parts, Storage};
use albert_tests::reference::Reference;

/// model-minute: vocabulary 11, three token types, 10 positions, 2 layers.
const VOCABULARY: u32 = 11;
const TOKEN_TYPES: u32 = 3;
const POSITIONS: usize = 10;

#[test]
fn refusals() {
    let ids = &[1u32, 2, 3, 4][..];
    let base = || Input::new(ids);
    let cases = [
        ("no ids", Input::new(&[]), InputError::Empty),
        ("more than positions", Input::new(&[1; POSITIONS + 1]), too_long(POSITIONS + 1, POSITIONS)),
        ("an id too large", Input::new(&[1, 2, VOCABULARY]), InputError::Id { index: 2, id: VOCABULARY }),
        ("the largest id", Input::new(&[u32::MAX]), InputError::Id { index: 0, id: u32::MAX }),
        (
            "a bad id behind the mask",
            Input::new(&[1, 99]).with_attention_mask(&[1, 0]),
            InputError::Id { index: 1, id: 99 },
        ),
        ("a token type too large", base().with_token_types(&[0, 0, TOKEN_TYPES, 0]), token_type(2, TOKEN_TYPES)),
        ("fewer token types", base().with_token_types(&[0, 0, 0]), InputError::LengthMismatch),
        ("more token types", base().with_token_types(&[0; 5]), InputError::LengthMismatch),
        ("a shorter mask", base().with_attention_mask(&[1]), InputError::LengthMismatch),
        ("a longer mask", base().with_attention_mask(&[1; 5]), InputError::LengthMismatch),
        ("nothing attended", base().with_attention_mask(&[0; 4]), InputError::AllMasked),
        ("a position too large", base().with_positions(Positions::Listed(&[0, 4])), InputError::Position { index: 1 }),
        ("a position twice", base().with_positions(Positions::Listed(&[2, 2])), InputError::Position { index: 1 }),
        (
            "a position twice, apart",
            base().with_positions(Positions::Listed(&[2, 0, 2])),
            InputError::Position { index: 2 },
        ),
        (
            "a masked position",
            base().with_attention_mask(&[1, 1, 0, 1]).with_positions(Positions::Listed(&[1, 2])),
            InputError::Position { index: 1 },
        ),
        (
            "more positions than tokens",
            base().with_positions(Positions::Listed(&[0, 1, 2, 3, 4])),
            InputError::Position { index: 4 },
        ),
        ("no layers", base().with_layers(0), InputError::Layers),
        ("more layers than there are", base().with_layers(3), InputError::Layers),
    ];
    with_session(POSITIONS, |session| {
        let expected = logits(session, &base());
        for (what, input, error) in cases {
            assert_eq!(session.start(&input), Err(error), "{what}");
            assert_eq!(session.step(), Progress::Done, "{what}: nothing was started");
            assert!(session.output().is_none(), "{what}: no result of an earlier input is taken for this one's");
            assert_eq!(session.run(&input).map(drop), Err(error), "{what}");
            assert_eq!(logits(session, &base()), expected, "{what}: the next input runs as ever");
        }
    });
}

/// The plan's limit holds below the model's.
#[test]
fn longer_than_planned() {
    with_session(3, |session| {
        assert_eq!(session.start(&Input::new(&[1; 4])), Err(too_long(4, 3)));
        assert!(session.start(&Input::new(&[1; 3])).is_ok());
    });
}

/// A plan for more tokens than positions is one for as many as positions; one for none is for one.
#[test]
fn plans_beyond_the_positions() {
    for (planned, limit) in [(usize::MAX, POSITIONS), (POSITIONS + 1, POSITIONS), (0, 1)] {
        with_session(planned, |session| {
            assert_eq!(session.start(&Input::new(&vec![1; limit + 1])), Err(too_long(limit + 1, limit)));
            assert!(session.start(&Input::new(&vec![1; limit])).is_ok());
        });
    }
}

#[test]
fn before_and_after() {
    with_session(POSITIONS, |session| {
        assert!(session.output().is_none(), "nothing was started");
        assert_eq!(session.step(), Progress::Done);
        assert!(session.vocabulary_logits(0).is_none(), "no masked-LM head");
        session.start(&Input::new(&[1, 2])).expect("a valid input");
        assert_eq!(session.step(), Progress::Running);
        assert!(session.output().is_none(), "not done yet");
        while session.step() == Progress::Running {}
        assert_eq!(session.step(), Progress::Done, "a step after the end does nothing");
        assert!(session.output().is_some());
    });
}

/// No positions at all: the hidden states of none.
#[test]
fn an_empty_list_of_positions() {
    with_session(POSITIONS, |session| {
        let output = session.run(&Input::new(&[1, 2]).with_positions(Positions::Listed(&[]))).expect("a valid input");
        assert!(output.last_hidden_state().is_empty() && output.positions().is_empty() && output.pooled().is_none());
    });
}

fn too_long(tokens: usize, limit: usize) -> InputError {
    InputError::TooLong { tokens, limit }
}

fn token_type(index: usize, token_type: u32) -> InputError {
    InputError::TokenType { index, token_type }
}

fn with_session(max_tokens: usize, check: impl FnOnce(&mut Session<'_, '_>)) {
    let directory = fixtures::load("model-minute").directory;
    let file = Parts::new(&Reference::load(&directory), Storage::INT8).assemble();
    let model = Model::from_bytes(&file).expect("a valid model file");
    let plan = Plan::new(model.config(), max_tokens);
    let mut arena = Aligned::zeros(plan.arena_bytes());
    check(&mut Session::new(&model, plan, &mut arena).expect("the planned arena"));
}

fn logits(session: &mut Session<'_, '_>, input: &Input<'_>) -> Vec<u32> {
    let output = session.run(input).expect("a valid input");
    output.last_hidden_state().iter().map(|value| value.to_bits()).collect()
}
