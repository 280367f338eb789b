//! Two models on the same inputs.

use std::collections::BTreeMap;

use albert_core::Model;
use albert_core::format::layout::role;
use albert_core::kernels::Kernels;
use rayon::prelude::*;
use serde::Serialize;

use crate::changes::{self, Changes, Place};
use crate::closeness::{Closeness, Comparison};
use crate::cosines::{CosineSummary, Cosines};
use crate::outputs::{self, Kind};
use crate::sample::{Input, Sample};
use crate::scatter::Scatter;
use crate::trace::{Runner, Site, Trace};

/// Most inputs whose hidden states are looked at, evenly spaced; outputs are compared on all.
const MOST_WATCHED: usize = 256;

/// A model's results compared with a reference's on the same inputs.
#[derive(Clone, Debug, Serialize)]
pub struct Measures {
    /// Where the inputs come from.
    pub inputs_from: String,
    /// Number of inputs that both models ran.
    pub inputs: usize,
    /// Number of their tokens.
    pub tokens: usize,
    /// Number of inputs whose hidden states were compared.
    pub watched: usize,
    /// Number of layers of the reference.
    pub layers: usize,
    /// Difference of the hidden states by depth: of the embeddings, then after each layer. Empty if hidden sizes or numbers of layers
    /// differ.
    pub depths: Vec<Depth>,
    /// The largest inputs of the reference's linears, one entry for each linear and depth.
    pub outliers: Vec<Outlier>,
    /// Closeness of the heads' outputs, by name (`logits`, `pooler_output` …).
    pub outputs: BTreeMap<&'static str, Closeness>,
    /// Answers of the model that differ from the reference's.
    pub changes: Changes,
    /// Some values of each output, for drawing.
    #[serde(skip)]
    pub scatters: Vec<(&'static str, Scatter)>,
}

/// How far the hidden states of two models are apart at one depth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Depth {
    /// Number of layers that have run; 0 for the embeddings.
    pub layers: usize,
    /// Cosines between the two models' states of a token.
    #[serde(flatten)]
    pub cosines: CosineSummary,
    /// Root mean square of the difference, divided by that of the reference.
    pub relative_error: f64,
}

/// The largest input of a linear at one depth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outlier {
    /// Name of the linear that reads the input.
    pub linear: &'static str,
    /// Block of the linear, from 0; 0 for linears outside the blocks.
    pub block: usize,
    /// Layer in which it runs, from 1; 0 for the embeddings, and the number of layers plus 1 for the heads.
    pub layer: usize,
    /// Largest magnitude in any input channel.
    pub largest: f32,
    /// The channel that has it.
    pub channel: usize,
    /// Median over the channels of their largest magnitudes.
    pub median: f32,
}

/// Runs both models on a sample and compares what they compute. They must have the same vocabulary.
///
/// `kernels` is the kernel set for both. `progress` is called with the number of inputs done. Inputs that a model does not take, such
/// as those longer than its positions, are left out.
pub fn measure(
    reference: &Model<'_>,
    model: &Model<'_>,
    sample: &Sample,
    kernels: Kernels,
    progress: &dyn Fn(usize),
) -> Measures {
    let kinds = common_outputs(reference, model);
    let kind_list: Vec<Kind> = kinds.iter().map(|&(_, kind)| kind).collect();
    let longest = sample.inputs.iter().map(|input| input.ids.len()).max().unwrap_or(0);
    let same_depths = |model: &Model<'_>| (model.config().hidden_size, model.config().num_hidden_layers);
    let comparable = same_depths(reference) == same_depths(model);
    let stride = sample.inputs.len().div_ceil(MOST_WATCHED).max(1);
    let mut sums = Summary::new(reference, kinds.len(), comparable);
    let mut changes = Changes::default();
    let both = |(index, input): (usize, &Input)| {
        let watched = index % stride == 0;
        let run = |model| Runner::new(model, kernels, longest).run(input, &kind_list, watched);
        Some((run(reference)?, run(model)?, watched))
    };
    let indexed: Vec<(usize, &Input)> = sample.inputs.iter().enumerate().collect();
    // Traces are large: those of few inputs are kept at a time. They are added up in the order of the inputs, so that results
    // do not depend on the number of threads.
    let mut done = 0;
    for inputs in indexed.chunks(rayon::current_num_threads()) {
        let traces: Vec<_> = inputs.par_iter().map(|&input| both(input)).collect();
        for (&(index, input), traces) in inputs.iter().zip(traces) {
            let Some((expected, obtained, watched)) = traces else { continue };
            sums.inputs += 1;
            sums.tokens += input.ids.len();
            sums.watched += usize::from(watched);
            sums.add(&expected, &obtained, &kind_list);
            for (&(output, kind), (expected, obtained)) in
                kinds.iter().zip(expected.outputs.iter().zip(&obtained.outputs))
            {
                if !changes::comparable(kind, [reference.config(), model.config()]) {
                    continue;
                }
                let width = kind.vector_width(expected.width, expected.values.len());
                let vectors = expected.values.chunks_exact(width).zip(obtained.values.chunks_exact(width));
                for (position, (a, b)) in vectors.enumerate() {
                    let token = (kind.per_token() && !kind.over_tokens()).then_some(position);
                    let place = Place { index, input, output, kind, token };
                    changes.take(&place, [reference, model], [a, b]);
                }
            }
        }
        done += inputs.len();
        progress(done);
    }
    changes.sort();
    sums.finish(sample, &kinds, changes)
}

/// The outputs of the heads that both models compute. A model without head has its pooled output, or its sentence embedding.
fn common_outputs(reference: &Model<'_>, model: &Model<'_>) -> Vec<(&'static str, Kind)> {
    let (a, b) = (reference.config(), model.config());
    let both = |name: &'static str| {
        let kind = Kind::of(name, a).filter(|&kind| Kind::of(name, b) == Some(kind))?;
        (kind.width(a) == kind.width(b)).then_some((name, kind))
    };
    let heads: Vec<_> = outputs::NAMES.into_iter().filter_map(both).filter(|(_, kind)| kind.ranks()).collect();
    if heads.is_empty() { both("sentence_embedding").into_iter().collect() } else { heads }
}

/// Sums over inputs.
struct Summary {
    inputs: usize,
    tokens: usize,
    watched: usize,
    width: usize,
    layers: usize,
    depths: Vec<Drift>,
    peaks: BTreeMap<Site, Vec<f32>>,
    outputs: Vec<(Comparison, Scatter)>,
}

/// Sums of one depth.
#[derive(Clone, Default)]
struct Drift {
    signal: f64,
    noise: f64,
    cosines: Cosines,
}

impl Drift {
    fn add(&mut self, expected: &[f32], obtained: &[f32]) {
        let [mut dot, mut a2, mut b2] = [0.0; 3];
        for (&a, &b) in expected.iter().zip(obtained) {
            let (a, b) = (f64::from(a), f64::from(b));
            dot += a * b;
            a2 += a * a;
            b2 += b * b;
            self.noise += (a - b) * (a - b);
        }
        let cosine = if a2 == b2 && a2 == 0.0 { 1.0 } else { dot / (a2 * b2).sqrt() };
        self.signal += a2;
        self.cosines.push(cosine);
    }
}

impl Summary {
    fn new(reference: &Model<'_>, outputs: usize, comparable: bool) -> Self {
        let config = reference.config();
        let depths = if comparable { config.num_hidden_layers as usize + 1 } else { 0 };
        Self {
            inputs: 0,
            tokens: 0,
            watched: 0,
            width: config.hidden_size as usize,
            layers: config.num_hidden_layers as usize,
            depths: vec![Drift::default(); depths],
            peaks: BTreeMap::new(),
            outputs: (0..outputs).map(|_| (Comparison::default(), Scatter::default())).collect(),
        }
    }

    fn add(&mut self, expected: &Trace, obtained: &Trace, kinds: &[Kind]) {
        for (drift, (expected, obtained)) in self.depths.iter_mut().zip(expected.states.iter().zip(&obtained.states)) {
            for (a, b) in expected.chunks_exact(self.width).zip(obtained.chunks_exact(self.width)) {
                drift.add(a, b);
            }
        }
        for (site, peaks) in &expected.peaks {
            let most = self.peaks.entry(*site).or_insert_with(|| vec![0.0; peaks.len()]);
            most.iter_mut().zip(peaks).for_each(|(most, peak)| *most = most.max(*peak));
        }
        for ((place, kind), (expected, obtained)) in
            self.outputs.iter_mut().zip(kinds).zip(expected.outputs.iter().zip(&obtained.outputs))
        {
            let (comparison, scatter) = place;
            scatter.add(&expected.values, &obtained.values);
            let width = kind.vector_width(expected.width, expected.values.len());
            for (a, b) in expected.values.chunks_exact(width).zip(obtained.values.chunks_exact(width)) {
                comparison.extend(a, b);
                comparison.end_vector();
            }
        }
    }

    fn finish(self, sample: &Sample, kinds: &[(&'static str, Kind)], changes: Changes) -> Measures {
        let depth = |(layers, drift): (usize, &Drift)| Depth {
            layers,
            cosines: drift.cosines.summary(),
            relative_error: (drift.noise / drift.signal).sqrt(),
        };
        let (comparisons, scatters): (Vec<_>, Vec<_>) = self.outputs.into_iter().unzip();
        Measures {
            inputs_from: sample.name.clone(),
            inputs: self.inputs,
            tokens: self.tokens,
            watched: self.watched,
            layers: self.layers,
            depths: self.depths.iter().enumerate().map(depth).collect(),
            outliers: self.peaks.into_iter().map(|(site, peaks)| outlier(site, &peaks)).collect(),
            outputs: kinds.iter().zip(comparisons).map(|((name, _), sums)| (*name, sums.closeness())).collect(),
            changes,
            scatters: kinds.iter().map(|(name, _)| *name).zip(scatters).collect(),
        }
    }
}

fn outlier(site: Site, peaks: &[f32]) -> Outlier {
    let largest = |best: (usize, f32), next: (usize, &f32)| if *next.1 > best.1 { (next.0, *next.1) } else { best };
    let (channel, largest) = peaks.iter().enumerate().fold((0, 0.0), largest);
    let mut sorted = peaks.to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    Outlier { linear: linear(site.role), block: site.block, layer: site.depth, largest, channel, median }
}

/// What people call the linear of a role.
fn linear(role: u16) -> &'static str {
    match role {
        role::EMBEDDING_MAPPING => "embedding mapping",
        role::QUERY => "query, key, value",
        role::ATTENTION_OUTPUT => "attention output",
        role::FFN => "feed-forward in",
        role::FFN_OUTPUT => "feed-forward out",
        role::POOLER => "pooler",
        role::MLM_DENSE => "masked-LM transform",
        role::SENTENCE_ORDER => "sentence order",
        role::EXIT_CLASSIFIER => "exit classifier",
        _ => "classifier",
    }
}
