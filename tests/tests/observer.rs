//! What an observer sees of the hidden states is what as many layers compute.

use std::sync::Mutex;

use albert_core::{Model, Observer, Plan, Positions, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine::Tokens;
use albert_tests::fixtures;
use albert_tests::model_file::{Parts, Storage};
use albert_tests::reference::Reference;

#[derive(Default)]
struct States(Mutex<Vec<(usize, Vec<f32>)>>);

impl Observer for States {
    fn linear_input(&self, _: u16, _: usize, _: &[f32]) {}

    fn hidden_states(&self, layers: usize, hidden: &[f32]) {
        self.0.lock().expect("not poisoned").push((layers, hidden.to_vec()));
    }
}

#[test]
fn hidden_states_of_every_layer() {
    for fixture in fixtures::all() {
        for storage in [Storage::F32, Storage::INT8] {
            let file = Parts::new(&Reference::load(&fixture.directory), storage).assemble();
            let model = Model::from_bytes(&file).expect("a valid file");
            let plan = Plan::new(model.config(), 200).with_tile_rows(4);
            let mut arena = Aligned::zeros(plan.arena_bytes());
            let states = States::default();
            let tokens = Tokens::new(&fixture.sequences[fixture.sequences.len() / 2]);
            let input = tokens.input().with_positions(Positions::All);
            let layers = model.config().num_hidden_layers;
            {
                let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
                session.set_observer(&states);
                session.run(&input).expect("a valid input");
            }
            let states = states.0.into_inner().expect("not poisoned");
            let seen: Vec<usize> = states.iter().map(|(layers, _)| *layers).collect();
            assert_eq!(seen, (0..=layers as usize).collect::<Vec<_>>(), "{}", fixture.name);
            let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
            for (layers, hidden) in &states[1..] {
                let output = session.run(&input.with_layers(*layers as u32)).expect("a valid input");
                assert_eq!(output.last_hidden_state(), hidden, "{}, {layers} layers", fixture.name);
            }
            assert_eq!(states[0].1.len(), states[1].1.len());
        }
    }
}
