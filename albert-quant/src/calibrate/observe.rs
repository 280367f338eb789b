//! Runs a model on a sample and shows what goes into its linears.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use albert_core::config::Head;
use albert_core::{ExitPolicy, Input, Model, Observer, Plan, Positions, Session};
use rayon::prelude::*;

use super::{Site, Sites};
use crate::bytes::ModelBytes;

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
/// gets the number of inputs done. `bytes` are those of the network in f32. Inputs run side by side, and their rows are kept until they are shown.
pub(super) fn run(
    file: &ModelBytes,
    bytes: usize,
    sample: &[Vec<u32>],
    progress: &mut dyn FnMut(usize),
    each: &mut dyn FnMut(Site, &mut [f32]),
) {
    // A file that this crate has just written is valid, and a sample is cut to the model's limits.
    let Ok(model) = Model::from_bytes(file) else { return };
    let longest = sample.iter().map(Vec::len).max().unwrap_or(0);
    let side_by_side = super::cost::side_by_side(model.config(), bytes, longest);
    let arena = Plan::new(model.config(), longest).arena_bytes();
    let mut arenas: Vec<ModelBytes> = sample.iter().take(side_by_side).map(|_| ModelBytes::zeroed(arena)).collect();
    let mut done = 0;
    for inputs in sample.chunks(side_by_side) {
        let runs = inputs.par_iter().zip(&mut arenas);
        let collected: Vec<Sites<Vec<f32>>> = runs.map(|(ids, arena)| run_one(&model, ids, arena)).collect();
        for (site, mut rows) in collected.into_iter().flatten() {
            each(site, &mut rows);
        }
        done += inputs.len();
        progress(done);
    }
}

fn run_one(model: &Model<'_>, ids: &[u32], arena: &mut [u8]) -> Sites<Vec<f32>> {
    let collector = Collector::default();
    let plan = Plan::new(model.config(), ids.len());
    let Ok(mut session) = Session::new(model, plan, arena) else { return BTreeMap::new() };
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
