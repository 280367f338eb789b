//! One inference, watched: hidden states after every layer, largest inputs of every linear, outputs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use albert_core::kernels::Kernels;
use albert_core::{Model, Observer, Plan, Positions, Session};

use crate::outputs::{self, Computed, Kind};
use crate::sample::Input;

/// A linear's input at one depth: layers before it have run, 0 before the first; the heads' come after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) depth: usize,
    pub(crate) role: u16,
    pub(crate) block: usize,
}

/// What an inference showed.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// After each layer, the embeddings first: `[L + 1][rows][H]`.
    pub(crate) states: Vec<Vec<f32>>,
    /// Largest magnitude of each input channel.
    pub(crate) peaks: BTreeMap<Site, Vec<f32>>,
    /// The outputs asked for; the vectors of each one after the other.
    pub(crate) outputs: Vec<Vector>,
}

/// Vectors of one width.
#[derive(Debug, Default)]
pub(crate) struct Vector {
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

#[derive(Default)]
struct Watch(Mutex<Trace>);

impl Watch {
    fn trace(&self) -> MutexGuard<'_, Trace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watch {
    fn linear_input(&self, role: u16, block: usize, row: &[f32]) {
        let mut trace = self.trace();
        // The embeddings come first, so that the number of states is that of the layer at work, from 1.
        let site = Site { depth: trace.states.len(), role, block };
        let peaks = trace.peaks.entry(site).or_insert_with(|| vec![0.0; row.len()]);
        peaks.iter_mut().zip(row).for_each(|(peak, x)| *peak = peak.max(x.abs()));
    }

    fn hidden_states(&self, _: usize, hidden: &[f32]) {
        self.trace().states.push(hidden.to_vec());
    }
}

/// A model and the memory to run it, for inputs of up to `tokens` tokens.
pub(crate) struct Runner<'m> {
    model: &'m Model<'m>,
    plan: Plan,
    kernels: Kernels,
    arena: Vec<u8>,
}

impl<'m> Runner<'m> {
    pub(crate) fn new(model: &'m Model<'m>, kernels: Kernels, tokens: usize) -> Self {
        let plan = Plan::new(model.config(), tokens).with_large_tiles();
        // From an address that is not aligned, up to 63 bytes more are needed.
        Self { model, plan, kernels, arena: vec![0; plan.arena_bytes().saturating_add(63)] }
    }

    /// Runs an input; `None` when the model does not take it. Only a `watched` run has states and peaks.
    pub(crate) fn run(&mut self, input: &Input, kinds: &[Kind], watched: bool) -> Option<Trace> {
        let watch = Watch::default();
        let mut session = Session::with_kernels(self.model, self.plan, &mut self.arena, self.kernels).ok()?;
        if watched {
            session.set_observer(&watch);
        }
        let positions = if watched { Positions::All } else { outputs::positions(kinds) };
        let core_input = albert_core::Input::new(&input.ids).with_token_types(&input.token_types);
        session.run(&core_input.with_positions(positions)).ok()?;
        let mut found: Vec<Vector> = kinds.iter().map(|_| Vector::default()).collect();
        outputs::read(&mut session, input.ids.len(), &|_| true, kinds, |index, computed| {
            let Some(place) = found.get_mut(index) else { return };
            let (width, values) = match *computed {
                Computed::Row(values) => (values.len(), values),
                Computed::Token { width, values, .. } => (width, values),
            };
            place.width = width;
            place.values.extend_from_slice(values);
        });
        let trace = watch.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        Some(Trace { outputs: found, ..trace })
    }
}
