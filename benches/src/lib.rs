//! What the benchmarks share: sessions over synthetic models in memory.

use albert_core::config::Head;
use albert_core::kernels::Kernels;
use albert_core::{Input, Model, Plan, Positions, Session};
use albert_quant::{Geometry, Options, Weights, synth};
use albert_tests::aligned::Aligned;

/// An inference over made-up ids, ready to run again and again. What it borrows lives as long as the process.
#[derive(Debug)]
pub struct Inference {
    session: Session<'static, 'static>,
    input: Input<'static>,
}

impl Inference {
    /// A classifier with random weights, and `tokens` ids.
    ///
    /// # Panics
    /// When the model cannot be made or has fewer positions.
    pub fn new(geometry: Geometry, weights: Weights, kernels: Kernels, tokens: usize) -> Self {
        let mut options = Options::default();
        options.weights = weights;
        let converted = synth(geometry, Head::SequenceClassification, 0, &options).expect("random weights convert");
        let file: &[u8] = Box::leak(Box::new(Aligned::copy(&converted.bytes)));
        let model = Box::leak(Box::new(Model::from_bytes(file).expect("a valid model file")));
        let plan = Plan::new(model.config(), tokens).with_large_tiles();
        let arena = Box::leak(Box::new(Aligned::zeros(plan.arena_bytes())));
        let session = Session::with_kernels(model, plan, arena, kernels).expect("the planned arena");
        // The ids that the comparison with other engines uses.
        let id = |index: usize| ((index * 7919 + 13) % model.config().vocab_size as usize) as u32;
        let ids: &[u32] = (0..tokens).map(id).collect::<Vec<_>>().leak();
        Self { session, input: Input::new(ids) }
    }

    /// Embeddings, one layer for all tokens, and the head.
    #[must_use]
    pub fn of_one_layer(mut self) -> Self {
        self.input = self.input.with_layers(1).with_positions(Positions::All);
        self
    }

    /// Runs it; returns the logits.
    ///
    /// # Panics
    /// When the input is longer than the plan.
    pub fn run(&mut self) -> Vec<f32> {
        self.session.run(&self.input).expect("a valid input").logits().to_vec()
    }
}
