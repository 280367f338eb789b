//! Compares the tensors of two model files, one by one.

use std::collections::BTreeMap;

use albert_core::Model;
use albert_core::format::layout::dtype;
use albert_core::format::{Elements, Matrix, Record};
use rayon::prelude::*;
use serde::Serialize;

use crate::sizes::Part;

/// A tensor of a model, and how far it is from the tensor of the same name in a reference.
#[derive(Clone, Debug, Serialize)]
pub struct TensorDifference {
    /// Its name in a checkpoint of Hugging Face Transformers.
    pub name: String,
    /// The part of the network that it belongs to.
    pub part: Part,
    /// `[rows, columns]`, or `[length]` of a vector.
    pub shape: Vec<usize>,
    /// Name of its element type.
    pub dtype: &'static str,
    /// Bytes in the model's file.
    pub bytes: u64,
    /// How far it is from the reference's; `None` if the reference has no such tensor, or one of another shape.
    pub difference: Option<Difference>,
}

/// How far two tensors of the same shape are apart. Quantized weights are compared by the values that they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Name of the element type in the reference.
    pub reference_dtype: &'static str,
    /// Bytes in the reference's file.
    pub reference_bytes: u64,
    /// Root mean square of the difference, divided by that of the reference.
    pub relative_error: f64,
    /// Signal-to-noise ratio in decibels: `-20 log10(relative_error)`. `None` if the two are equal.
    pub snr_db: Option<f64>,
    /// Largest difference of an element.
    pub max_abs: f64,
}

/// Compares each tensor of `model`, in the order of the file, with the tensor of the same name in `reference`.
pub fn tensors(reference: &Model<'_>, model: &Model<'_>) -> Vec<TensorDifference> {
    let known: BTreeMap<String, (Vec<usize>, Record)> =
        albert_quant::tensors(reference).map(|(name, shape, record)| (name, (shape, record))).collect();
    let all: Vec<(String, Vec<usize>, Record)> = albert_quant::tensors(model).collect();
    let compare = |(name, shape, record): (String, Vec<usize>, Record)| {
        let like = known.get(&name).filter(|(other, _)| *other == shape);
        let difference = like.and_then(|(_, other)| {
            let difference = difference(&reference.elements(other), &model.elements(&record))?;
            Some(Difference {
                reference_dtype: dtype::name(other.dtype),
                reference_bytes: other.bytes() as u64,
                ..difference
            })
        });
        let (part, bytes) = (Part::of(record.role), record.bytes() as u64);
        TensorDifference { name, part, shape, dtype: dtype::name(record.dtype), bytes, difference }
    };
    all.into_par_iter().map(compare).collect()
}

/// Sums over the elements.
#[derive(Default)]
struct Sums {
    signal: f64,
    noise: f64,
    max_abs: f64,
}

impl Sums {
    fn add(&mut self, a: &[f32], b: &[f32]) {
        for (&a, &b) in a.iter().zip(b) {
            let (a, difference) = (f64::from(a), f64::from(b) - f64::from(a));
            self.signal += a * a;
            self.noise += difference * difference;
            self.max_abs = self.max_abs.max(difference.abs());
        }
    }
}

/// The weights of an output channel as they count, `[columns]`, in `places`: the input of a split channel is divided evenly between
/// its places, so its weight is their mean.
fn weights<'a>(matrix: &Matrix<'_>, row: usize, places: &'a mut [f32]) -> &'a [f32] {
    places.fill(0.0);
    matrix.add_row(row, places);
    let (weights, extra) = places.split_at_mut(matrix.columns);
    let mut extra = extra.iter();
    for same in matrix.splits.chunk_by(|a, b| a == b) {
        let sum: f32 = extra.by_ref().take(same.len()).sum();
        let weight = &mut weights[same[0] as usize];
        *weight = (*weight + sum) / (same.len() + 1) as f32;
    }
    weights.iter_mut().zip(matrix.smoothing).for_each(|(weight, factor)| *weight *= factor);
    weights
}

/// Nothing when one is a vector and the other a matrix.
fn difference(reference: &Elements<'_>, model: &Elements<'_>) -> Option<Difference> {
    let mut sums = Sums::default();
    match (reference, model) {
        (Elements::Vector(a), Elements::Vector(b)) => sums.add(a, b),
        (Elements::Matrix(a), Elements::Matrix(b)) => {
            let (mut x, mut y) = (vec![0.0; a.places()], vec![0.0; b.places()]);
            for row in 0..a.rows {
                sums.add(weights(a, row, &mut x), weights(b, row, &mut y));
            }
        }
        _ => return None,
    }
    let relative_error = if sums.noise == 0.0 { 0.0 } else { (sums.noise / sums.signal).sqrt() };
    Some(Difference {
        reference_dtype: "",
        reference_bytes: 0,
        relative_error,
        snr_db: (sums.noise > 0.0).then(|| -20.0 * relative_error.log10()),
        max_abs: sums.max_abs,
    })
}
