//! Runs a model on a sample and shows what goes into its linears.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use albert_core::config::Head;
use albert_core::{ExitPolicy, Input, Model, Observer, Plan, Positions, Session};
use rayon::prelude::*;

use super::{Site, Sites};
use crate::bytes::ModelBytes;

/// Inputs that run side by side. Their rows are kept until they are shown, in the order of the inputs: the number is fixed,
/// so that neither memory nor results depend on the number of threads.
const WAVE: usize = 4;

/// Runs the classifier of every layer, and all layers.
const NEVER: ExitPolicy = ExitPolicy::Patience(u32::MAX);

/// The rows of one inference, by site, one after the other.
#[derive(Default)]
struct Collector(Mutex<Sites<Vec<f32>>>);

impl Observer for Collector {
    fn linear_input(&self, role: u16, block: usize, row: &[f32]) {
        let site = Site { role, block: block as u16 };
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sites.entry(site).or_default().extend_from_slice(row);
    }
}

/// Runs every input of the sample; `each` sees the rows of one site and one input at a time, in a fixed order. `progress`
/// gets the number of inputs done.
pub(super) fn run(
    file: &ModelBytes,
    sample: &[Vec<u32>],
    progress: &mut dyn FnMut(usize),
    each: &mut dyn FnMut(Site, &mut [f32]),
) {
    // A file that this crate has just written is valid, and a sample is cut to the model's limits.
    let Ok(model) = Model::from_bytes(file) else { return };
    for (wave, inputs) in sample.chunks(WAVE).enumerate() {
        let collected: Vec<Sites<Vec<f32>>> = inputs.par_iter().map(|ids| run_one(&model, ids)).collect();
        for (site, mut rows) in collected.into_iter().flatten() {
            each(site, &mut rows);
        }
        progress(wave * WAVE + inputs.len());
    }
}

fn run_one(model: &Model<'_>, ids: &[u32]) -> Sites<Vec<f32>> {
    let collector = Collector::default();
    let plan = Plan::new(model.config(), ids.len());
    let mut arena = ModelBytes::zeroed(plan.arena_bytes());
    let Ok(mut session) = Session::new(model, plan, &mut arena) else { return BTreeMap::new() };
    session.set_observer(&collector);
    if model.has_exits() && session.set_early_exit(Some(NEVER)).is_err() {
        return BTreeMap::new();
    }
    let rows =
        session.run(&Input::new(ids).with_positions(Positions::All)).map_or(0, |output| output.positions().len());
    if matches!(model.config().head, Head::MaskedLm | Head::PreTraining) {
        for row in 0..rows {
            // Making the logits' iterator runs the head's transform, which shows its input.
            let _ = session.vocabulary_logits(row);
        }
    }
    collector.0.into_inner().unwrap_or_else(PoisonError::into_inner)
}
