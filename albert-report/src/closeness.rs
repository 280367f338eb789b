//! How close two streams of vectors are.

use serde::Serialize;

use crate::cosines::{CosineSummary, Cosines};

/// The figures of one output. Numbers that are none stay visible: they miss every bound and print as null.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Closeness {
    /// Largest absolute difference.
    pub max_abs: f64,
    /// Mean absolute difference.
    pub mean_abs: f64,
    /// Cosines of the vectors.
    #[serde(flatten)]
    pub cosines: CosineSummary,
    /// Share of vectors whose largest element is at the same place.
    pub top1_agreement: f64,
}

/// Sums over vectors, each of which may come in parts.
#[derive(Clone, Debug)]
pub struct Comparison {
    max_abs: f64,
    sum_abs: f64,
    elements: usize,
    cosines: Cosines,
    agreed: usize,
    current: Vector,
}

/// The vector that is coming in.
#[derive(Clone, Copy, Debug)]
struct Vector {
    elements: usize,
    dot: f64,
    squares: [f64; 2],
    largest: [f32; 2],
    places: [usize; 2],
}

const NOTHING: Vector =
    Vector { elements: 0, dot: 0.0, squares: [0.0; 2], largest: [f32::NEG_INFINITY; 2], places: [0; 2] };

impl Default for Comparison {
    fn default() -> Self {
        Self { max_abs: 0.0, sum_abs: 0.0, elements: 0, cosines: Cosines::default(), agreed: 0, current: NOTHING }
    }
}

impl Comparison {
    /// Takes the next elements of a vector, expected and obtained.
    pub fn extend(&mut self, expected: &[f32], obtained: &[f32]) {
        let vector = &mut self.current;
        for (&a, &b) in expected.iter().zip(obtained) {
            for (side, value) in [a, b].into_iter().enumerate() {
                if value > vector.largest[side] {
                    vector.largest[side] = value;
                    vector.places[side] = vector.elements;
                }
            }
            vector.elements += 1;
            let (a, b) = (f64::from(a), f64::from(b));
            vector.dot += a * b;
            vector.squares[0] += a * a;
            vector.squares[1] += b * b;
            let difference = (a - b).abs();
            self.max_abs = if difference.is_nan() { difference } else { larger(self.max_abs, difference) };
            self.sum_abs += difference;
            self.elements += 1;
        }
    }

    /// The vector is complete.
    pub fn end_vector(&mut self) {
        let vector = std::mem::replace(&mut self.current, NOTHING);
        let [a, b] = vector.squares;
        // Two vectors of zeros are alike.
        self.cosines.push(if a == 0.0 && b == 0.0 { 1.0 } else { vector.dot / (a * b).sqrt() });
        self.agreed += usize::from(vector.places[0] == vector.places[1]);
    }

    /// The figures so far.
    pub fn closeness(&self) -> Closeness {
        let cosines = self.cosines.summary();
        Closeness {
            max_abs: self.max_abs,
            mean_abs: self.sum_abs / self.elements as f64,
            cosines,
            top1_agreement: self.agreed as f64 / cosines.vectors as f64,
        }
    }
}

/// The larger of two; a first one that is no number stays.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_two_vectors() {
        let mut comparison = Comparison::default();
        comparison.extend(&[1.0], &[1.0]);
        comparison.extend(&[0.0, 2.0], &[0.0, 1.0]);
        comparison.end_vector();
        comparison.extend(&[3.0, 4.0], &[4.0, 3.0]);
        comparison.end_vector();
        let closeness = comparison.closeness();
        let first = 3.0 / 10f64.sqrt();
        assert!((closeness.max_abs - 1.0).abs() < 1e-12 && (closeness.mean_abs - 0.6).abs() < 1e-12);
        assert!((closeness.cosines.cosine_min - first).abs() < 1e-12);
        assert!((closeness.cosines.cosine_mean - (first + 0.96) / 2.0).abs() < 1e-12);
        // [1, 0, 1]: the first of equals counts.
        assert_eq!(closeness.top1_agreement, 0.0);
    }

    #[test]
    fn what_is_no_number_cannot_hide() {
        let mut comparison = Comparison::default();
        comparison.extend(&[1.0, 1.0], &[f32::NAN, 1.0]);
        comparison.end_vector();
        comparison.extend(&[1.0, 1.0], &[1.0, 1.0]);
        comparison.end_vector();
        let closeness = comparison.closeness();
        assert!(closeness.max_abs.is_nan() && closeness.cosines.cosine_mean.is_nan());
    }
}
