//! An early exit gives what as many layers give, to the bit, and comes where the policy's definition says.

use albert_core::config::{Head, ProblemType};
use albert_core::{ExitPolicy, Input, Model, Output, Plan, Positions, Session, SessionError};
use albert_tests::aligned::Aligned;
use albert_tests::engine::{Tokens, all_kernels};
use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;

/// What an output holds, as bits.
#[derive(Debug, PartialEq)]
struct Bits {
    layers: u32,
    positions: Vec<u32>,
    hidden: Vec<u32>,
    pooled: Option<Vec<u32>>,
    logits: Vec<u32>,
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

impl Bits {
    fn of(output: &Output<'_>) -> Self {
        Self {
            layers: output.layers(),
            positions: output.positions().to_vec(),
            hidden: bits(output.last_hidden_state()),
            pooled: output.pooled().map(bits),
            logits: bits(output.logits()),
        }
    }

    fn logits(&self) -> Vec<f64> {
        self.logits.iter().map(|&bits| f32::from_bits(bits).into()).collect()
    }
}

fn run(session: &mut Session<'_, '_>, policy: Option<ExitPolicy>, input: &Input<'_>) -> Bits {
    session.set_early_exit(policy).expect("the head chooses one label");
    Bits::of(&session.run(input).expect("a valid input"))
}

fn label(logits: &[f64]) -> usize {
    (0..logits.len()).rev().max_by(|&a, &b| logits[a].total_cmp(&logits[b])).expect("labels")
}

fn probability(logits: &[f64]) -> f64 {
    1.0 / logits.iter().map(|logit| (logit - logits[label(logits)]).exp()).sum::<f64>()
}

/// The layer after which the policy is content, by its definition. `depths` are the logits after each layer.
fn expected(policy: ExitPolicy, depths: &[Vec<f64>]) -> usize {
    let content = |depth: usize| match policy {
        ExitPolicy::Confidence(enough) => probability(&depths[depth]) >= enough.into(),
        ExitPolicy::Patience(patience) => {
            let from = depth.checked_sub(patience as usize);
            from.is_some_and(|from| depths[from..=depth].iter().all(|logits| label(logits) == label(&depths[depth])))
        }
        other => unimplemented!("{other:?}"),
    };
    (0..depths.len() - 1).find(|&depth| content(depth)).map_or(depths.len(), |depth| depth + 1)
}

#[test]
fn exits_equal_as_many_layers() {
    let storages = [Storage::F32, Storage::INT8, Storage::Int8(Inputs { extra: 3, smoothing: true })];
    let policies = [0, 1, 2, 9].map(ExitPolicy::Patience).into_iter();
    let policies: Vec<_> = policies.chain([0.3, 0.5, 0.7, 0.9, 2.0].map(ExitPolicy::Confidence)).collect();
    let (mut early, mut late) = (0, 0);
    let single = |reference: &Reference| {
        reference.class() == "AlbertForSequenceClassification" && reference.config.problem_type.is_none()
    };
    for fixture in fixtures::all() {
        let reference = Reference::load(&fixture.directory);
        if !single(&reference) {
            continue;
        }
        for (storage, exits) in storages.into_iter().flat_map(|storage| [(storage, false), (storage, true)]) {
            let parts = Parts::new(&reference, storage);
            let file = if exits { parts.with_exits() } else { parts }.assemble();
            let model = Model::from_bytes(&file).expect("a valid file");
            assert_eq!(model.has_exits(), exits);
            let plan = Plan::new(model.config(), 200).with_tile_rows(8);
            let mut arena = Aligned::zeros(plan.arena_bytes());
            for kernels in all_kernels() {
                let mut session = Session::with_kernels(&model, plan, &mut arena, kernels).expect("the planned arena");
                for sequence in &fixture.sequences {
                    let tokens = Tokens::new(sequence);
                    for positions in [Positions::Head, Positions::All] {
                        let input = tokens.input().with_positions(positions);
                        let layers = 1..=model.config().num_hidden_layers;
                        let depths: Vec<Bits> =
                            layers.map(|layers| run(&mut session, None, &input.with_layers(layers))).collect();
                        let logits: Vec<Vec<f64>> = depths.iter().map(Bits::logits).collect();
                        for &policy in &policies {
                            let layers = expected(policy, &logits);
                            let exited = run(&mut session, Some(policy), &input);
                            assert_eq!(exited, depths[layers - 1], "{}: {policy:?}", fixture.name);
                            *if layers < depths.len() { &mut early } else { &mut late } += 1;
                        }
                        // A policy works within the layers that the input allows.
                        let two = run(&mut session, Some(ExitPolicy::Patience(9)), &input.with_layers(1));
                        assert_eq!(two, depths[0]);
                    }
                }
            }
        }
    }
    assert!(early > 100 && late > 100, "both happen: {early}, {late}");
}

/// An exit's classifier is that of its layer.
#[test]
fn layers_have_their_own_classifiers() {
    let fixture = fixtures::load("sequence-classification-narrow");
    let parts = Parts::new(&Reference::load(&fixture.directory), Storage::F32);
    let logits = |file: &[u8], layers| {
        let model = Model::from_bytes(file).expect("a valid file");
        let plan = Plan::new(model.config(), 40);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        let tokens = Tokens::new(&fixture.sequences[0]);
        run(&mut session, None, &tokens.input().with_layers(layers)).logits
    };
    let (plain, exits) = (parts.assemble(), parts.with_exits().assemble());
    assert_ne!(logits(&plain, 1), logits(&exits, 1));
    assert_ne!(logits(&plain, 2), logits(&exits, 2));
    assert_eq!(logits(&plain, 3), logits(&exits, 3), "the last layer has the model's classifier");
}

/// Masked first token, steps in between, an exit dropped half-way, and policies that do not fit.
#[test]
fn sessions_of_policies() {
    for fixture in fixtures::all() {
        let file = Parts::new(&Reference::load(&fixture.directory), Storage::INT8).assemble();
        let model = Model::from_bytes(&file).expect("a valid file");
        let plan = Plan::new(model.config(), 200);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        let config = model.config();
        let fits = config.head == Head::SequenceClassification && config.problem_type == ProblemType::SingleLabel;
        let set = session.set_early_exit(Some(ExitPolicy::Patience(1)));
        assert_eq!(set, if fits { Ok(()) } else { Err(SessionError::NoExit) }, "{}", fixture.name);
        assert_eq!(session.set_early_exit(None), Ok(()));
        if !fits {
            continue;
        }
        let first = Tokens::new(&fixture.sequences[0]);
        let whole = run(&mut session, None, &first.input());
        session.set_early_exit(Some(ExitPolicy::Patience(1))).expect("fits");
        session.start(&first.input()).expect("a valid input");
        for _ in 0..7 {
            let _ = session.step();
        }
        assert_eq!(run(&mut session, None, &first.input()), whole, "nothing of a dropped inference is left");
        // Without position 0 there is nothing to read the answer from.
        let listed = first.input().with_positions(Positions::Listed(&[1]));
        let exited = run(&mut session, Some(ExitPolicy::Patience(0)), &listed);
        assert_eq!(exited, run(&mut session, None, &listed.with_layers(1)));
        assert!(exited.logits.is_empty() && exited.pooled.is_none() && exited.positions == [1]);
    }
}
