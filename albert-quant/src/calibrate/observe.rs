//! Runs a model on a sample and shows what goes into its linears.

use std::sync::{Mutex, PoisonError};

use albert_core::config::Head;
use albert_core::{ExitPolicy, Input, Model, Observer, Plan, Positions, Session};
use rayon::prelude::*;

use super::{Site, Sites};
use crate::bytes::ModelBytes;

/// Runs the classifier of every layer, and all layers.
const NEVER: ExitPolicy = ExitPolicy::Patience(u32::MAX);

/// Takes the rows of one inference in, one after the other.
struct Collector<'r, T, A> {
    sites: Mutex<&'r mut Sites<T>>,
    add: &'r A,
}

impl<T: Default + Send, A: Fn(&mut T, &[f32]) + Sync> Observer for Collector<'_, T, A> {
    fn linear_input(&self, role: u16, block: usize, row: &[f32]) {
        let site = Site { role, block: block as u16 };
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        (self.add)(sites.entry(site).or_default(), row);
    }
}

/// What one input runs in, and what is kept of its rows.
struct Slot<T> {
    arena: ModelBytes,
    sites: Sites<T>,
}

/// Runs every input of the sample. `add` takes a row of a site in, of one input: inputs run side by side. `each` sees what came
/// of one site and one input at a time, in a fixed order; what it leaves there is what `add` gets for a later input. `progress`
/// gets the number of inputs done. `bytes` are those of the network in f32.
pub(super) fn run<T: Default + Send>(
    file: &ModelBytes,
    bytes: usize,
    sample: &[Vec<u32>],
    progress: &mut dyn FnMut(usize),
    add: &(impl Fn(&mut T, &[f32]) + Sync),
    each: &mut dyn FnMut(Site, &mut T),
) {
    // A file that this crate has just written is valid, and a sample is cut to the model's limits.
    let Ok(model) = Model::from_bytes(file) else { return };
    let longest = sample.iter().map(Vec::len).max().unwrap_or(0);
    let side_by_side = super::cost::side_by_side(model.config(), bytes, longest);
    let arena = Plan::new(model.config(), longest).arena_bytes();
    let slot = |_| Slot { arena: ModelBytes::zeroed(arena), sites: Sites::new() };
    let mut slots: Vec<Slot<T>> = sample.iter().take(side_by_side).map(slot).collect();
    let mut done = 0;
    for inputs in sample.chunks(side_by_side) {
        inputs.par_iter().zip(&mut slots).for_each(|(ids, slot)| run_one(&model, ids, slot, add));
        for slot in &mut slots[..inputs.len()] {
            slot.sites.iter_mut().for_each(|(&site, kept)| each(site, kept));
        }
        done += inputs.len();
        progress(done);
    }
}

fn run_one<T: Default + Send>(
    model: &Model<'_>,
    ids: &[u32],
    slot: &mut Slot<T>,
    add: &(impl Fn(&mut T, &[f32]) + Sync),
) {
    let collector = Collector { sites: Mutex::new(&mut slot.sites), add };
    let plan = Plan::new(model.config(), ids.len());
    let Ok(mut session) = Session::new(model, plan, &mut slot.arena) else { return };
    session.set_observer(&collector);
    if model.has_exits() && session.set_early_exit(Some(NEVER)).is_err() {
        return;
    }
    let rows =
        session.run(&Input::new(ids).with_positions(Positions::All)).map_or(0, |output| output.positions().len());
    if matches!(model.config().head, Head::MaskedLm | Head::PreTraining) {
        for row in 0..rows {
            // Making the logits' iterator runs the head's transform, which shows its input.
            let _ = session.vocabulary_logits(row);
        }
    }
}
