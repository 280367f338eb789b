//! Formats for a number of bytes.
//!
//! Every matrix of the layers is tried in every smaller format by itself, the rest being int8; what that does to the last
//! hidden states of a part of the sample is its damage. Then those go down first whose bytes cost the least damage.

use std::collections::BTreeMap;
use std::fmt;

use albert_core::format::layout::BLOCK_ROLES;
use albert_core::{Input, Model, Plan, Positions, Session};
use rayon::prelude::*;
use serde_json::json;

use crate::assemble::{Packer, build};
use crate::bytes::ModelBytes;
use crate::error::Error;
use crate::formats::{Format, Keep};
use crate::network::{Kind, Network, Parameter};
use crate::progress::{Course, Stage};
use crate::scheme::Scheme;

/// Size of the layers' matrices, scales and sums included.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Budget {
    /// In bytes.
    Bytes(u64),
    /// In percent of their size in int8.
    Percent(f64),
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Self::Percent(percent) => write!(f, "{percent}% of int8"),
        }
    }
}

/// From the largest to the smallest.
const CHOICES: [Format; 3] = [Format::Int8, Format::Int5, Format::Int4];
/// Tokens of the sample that damage is measured on.
pub(crate) const TOKENS: usize = 512;

/// What a matrix takes and does in each of [`CHOICES`].
#[derive(Clone, Copy, Debug)]
struct Cost {
    bytes: [u64; CHOICES.len()],
    damage: [f64; CHOICES.len()],
}

/// Chooses the formats of the layers' matrices, but for those that are exceptions.
pub(crate) fn spend(
    budget: Budget,
    network: &Network,
    scheme: &mut Scheme,
    packer: &mut Packer,
    sample: &[Vec<u32>],
    keep: &[Keep],
    course: &Course<'_>,
) -> Result<(), Error> {
    let linear = |parameter: &Parameter| parameter.kind == Kind::Linear;
    let layer = |parameter: &Parameter| linear(parameter) && BLOCK_ROLES.contains(&parameter.role);
    let kept = |parameter: &Parameter| keep.iter().any(|keep| keep.matches(&parameter.name));
    let bytes = |index: usize, format: Format| scheme.bytes(&network.parameters[index], format);
    let of_int8 = |percent: f64| {
        let layers = network.parameters.iter().enumerate().filter(|(_, parameter)| layer(parameter));
        (layers.map(|(index, _)| bytes(index, Format::Int8)).sum::<u64>() as f64 * percent / 100.0) as u64
    };
    let most = match budget {
        Budget::Bytes(bytes) => bytes,
        Budget::Percent(percent) => of_int8(percent),
    };
    let mut fixed = 0;
    let mut matrices = Vec::new();
    for (index, parameter) in network.parameters.iter().enumerate().filter(|(_, parameter)| linear(parameter)) {
        match layer(parameter) && !kept(parameter) {
            true => {
                scheme.formats[index] = Format::Int8;
                matrices.push(index);
                CHOICES.iter().try_for_each(|&format| packer.remember(index, parameter, format, scheme))?;
            }
            false => {
                fixed += if layer(parameter) { scheme.bytes(parameter, scheme.formats[index]) } else { 0 };
                packer.remember(index, parameter, scheme.formats[index], scheme)?;
            }
        }
    }
    let costs = measure(&matrices, network, scheme, packer, sample, course)?;
    let chosen =
        choose(&costs, most.saturating_sub(fixed)).map_err(|least| Error::Budget { most, least: least + fixed })?;
    chosen.into_iter().for_each(|(index, format)| scheme.formats[index] = format);
    Ok(())
}

/// Runs the model with each matrix in each format, the others in int8.
fn measure(
    matrices: &[usize],
    network: &Network,
    scheme: &mut Scheme,
    packer: &mut Packer,
    sample: &[Vec<u32>],
    course: &Course<'_>,
) -> Result<BTreeMap<usize, Cost>, Error> {
    let mut tokens = 0;
    let few = |ids: &&[u32]| {
        tokens += ids.len();
        tokens <= TOKENS || tokens == ids.len()
    };
    let part: Vec<&[u32]> = sample.iter().map(Vec::as_slice).take_while(few).collect();
    let mut states = |scheme: &Scheme| {
        build(network, None, json!({}), scheme, packer, &Course::new(&|_| {}))
            .map(|(file, _)| hidden_states(&file, &part))
    };
    let expected = states(scheme)?;
    let mut costs = BTreeMap::new();
    for (done, &index) in matrices.iter().enumerate() {
        let bytes = CHOICES.map(|format| scheme.bytes(&network.parameters[index], format));
        let mut damage = [0.0; CHOICES.len()];
        for (damage, format) in damage.iter_mut().zip(CHOICES).skip(1) {
            scheme.formats[index] = format;
            *damage = distance(&expected, &states(scheme)?);
        }
        scheme.formats[index] = Format::Int8;
        costs.insert(index, Cost { bytes, damage });
        let (done, total) = (done + 1, matrices.len());
        course.show(Stage::Sensitivity, done, total, done as f64 / total as f64);
    }
    Ok(costs)
}

/// The last hidden states of the inputs, one after the other.
fn hidden_states(file: &ModelBytes, inputs: &[&[u32]]) -> Vec<f32> {
    // A file that this crate has just written is valid, and a sample is cut to the model's limits.
    let Ok(model) = Model::from_bytes(file) else { return Vec::new() };
    let run = |ids: &&[u32]| {
        let plan = Plan::new(model.config(), ids.len());
        let mut arena = ModelBytes::zeroed(plan.arena_bytes());
        let Ok(mut session) = Session::new(&model, plan, &mut arena) else { return Vec::new() };
        let output = session.run(&Input::new(ids).with_positions(Positions::All));
        output.map(|output| output.last_hidden_state().to_vec()).unwrap_or_default()
    };
    inputs.par_iter().map(run).collect::<Vec<_>>().concat()
}

/// Squares of the differences over squares of what is expected.
fn distance(expected: &[f32], found: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let noise: f64 = expected.iter().zip(found).map(|(a, b)| square(a - b)).sum();
    noise / expected.iter().map(|&x| square(x)).sum::<f64>().max(f64::MIN_POSITIVE)
}

/// The format of every matrix: together at most `most` bytes, or as error the least that there can be.
fn choose(costs: &BTreeMap<usize, Cost>, most: u64) -> Result<BTreeMap<usize, Format>, u64> {
    let mut chosen: BTreeMap<usize, usize> = costs.keys().map(|&matrix| (matrix, 0)).collect();
    let mut bytes: u64 = costs.values().map(|cost| cost.bytes[0]).sum();
    while bytes > most {
        // Damage for a byte saved, of every matrix and every smaller format.
        let steps = chosen.iter().flat_map(|(&matrix, &now)| {
            let cost = &costs[&matrix];
            (now + 1..CHOICES.len()).filter(move |&next| cost.bytes[next] < cost.bytes[now]).map(move |next| {
                let saved = (cost.bytes[now] - cost.bytes[next]) as f64;
                ((cost.damage[next] - cost.damage[now]) / saved, matrix, next)
            })
        });
        let Some((_, matrix, next)) = steps.min_by(|a, b| a.0.total_cmp(&b.0)) else {
            return Err(bytes);
        };
        let now = chosen.insert(matrix, next).unwrap_or(0);
        bytes = bytes + costs[&matrix].bytes[next] - costs[&matrix].bytes[now];
    }
    // What is left goes back to where it heals most.
    loop {
        let steps = chosen.iter().flat_map(|(&matrix, &now)| {
            let cost = &costs[&matrix];
            let fits = move |&next: &usize| bytes + cost.bytes[next] - cost.bytes[now] <= most;
            (0..now).filter(fits).map(move |next| (cost.damage[now] - cost.damage[next], matrix, next))
        });
        let Some((healed, matrix, next)) = steps.max_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        if healed <= 0.0 {
            break;
        }
        let now = chosen.insert(matrix, next).unwrap_or(0);
        bytes = bytes + costs[&matrix].bytes[next] - costs[&matrix].bytes[now];
    }
    Ok(chosen.into_iter().map(|(matrix, choice)| (matrix, CHOICES[choice])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs() -> BTreeMap<usize, Cost> {
        let cost = |int5, int4| Cost { bytes: [100, 66, 54], damage: [0.0, int5, int4] };
        [(3, cost(0.1, 0.5)), (5, cost(1.0, 4.0)), (9, cost(0.2, 1.0))].into()
    }

    #[test]
    fn the_least_sensitive_go_first_and_the_budget_holds() {
        let names = |most| choose(&costs(), most).unwrap().into_values().map(Format::name).collect::<Vec<_>>();
        assert_eq!(names(300), ["int8", "int8", "int8"]);
        assert_eq!(names(299), ["int5", "int8", "int8"]);
        assert_eq!(names(232), ["int5", "int8", "int5"]);
        assert_eq!(names(162), ["int4", "int4", "int4"]);
        for most in 162..=300 {
            let bytes = |(matrix, format): (usize, Format)| {
                costs()[&matrix].bytes[CHOICES.iter().position(|choice| *choice == format).unwrap()]
            };
            assert!(choose(&costs(), most).unwrap().into_iter().map(bytes).sum::<u64>() <= most);
        }
    }

    #[test]
    fn a_budget_that_cannot_be_kept_tells_the_least() {
        assert_eq!(choose(&costs(), 161), Err(162));
    }
}
