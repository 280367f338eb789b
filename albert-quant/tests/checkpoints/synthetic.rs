//! Random models in known geometries.

use albert_core::config::Head;
use albert_core::{Input, Model, Plan, Session};
use albert_quant::{Converted, Geometry, Options, Weights, synth};

fn tiny(seed: u64, weights: Weights) -> Converted {
    let mut options = Options::default();
    options.weights = weights;
    synth(Geometry::Tiny, Head::SequenceClassification, seed, &options).unwrap()
}

#[test]
fn the_seed_decides() {
    assert!(*tiny(1, Weights::Int8).bytes == *tiny(1, Weights::Int8).bytes);
    assert!(*tiny(1, Weights::Int8).bytes != *tiny(2, Weights::Int8).bytes);
}

#[test]
fn models_run_and_their_states_are_like_real_ones() {
    for weights in [Weights::Int8, Weights::Fp16, Weights::Fp32] {
        let file = tiny(3, weights).bytes;
        let model = Model::from_bytes(&file).unwrap();
        assert_eq!(model.config().storage.ocs_places, if weights == Weights::Int8 { 32 } else { 0 });
        let plan = Plan::new(model.config(), 8);
        let mut arena = vec![0; plan.arena_bytes() + 64];
        let mut session = Session::new(&model, plan, &mut arena).unwrap();
        let output = session.run(&Input::new(&[2, 700, 7999, 3])).unwrap();
        assert!(output.logits().len() == 2 && output.logits().iter().all(|logit| logit.is_finite()));
        let hidden = output.last_hidden_state();
        let square = hidden.iter().map(|x| x * x).sum::<f32>() / hidden.len() as f32;
        assert!((square - 1.0).abs() < 0.05, "layer norms leave variance 1: {square}");
    }
}

#[test]
fn every_head() {
    let heads = [
        (Head::None, true, 0),
        (Head::SequenceClassification, true, 2),
        (Head::TokenClassification, false, 2),
        (Head::QuestionAnswering, false, 2),
        (Head::MultipleChoice, true, 1),
        (Head::MaskedLm, false, 0),
        (Head::PreTraining, true, 2),
    ];
    for (head, pooler, labels) in heads {
        let file = synth(Geometry::Tiny, head, 4, &Options::default()).unwrap().bytes;
        let config = *Model::from_bytes(&file).unwrap().config();
        assert_eq!((config.head, config.pooler, config.num_labels), (head, pooler, labels));
    }
}
