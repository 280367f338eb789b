//! How close two streams of vectors are.

use serde::Serialize;

use crate::cosines::{CosineSummary, Cosines};

/// How close the vectors of one output are to the expected ones. NaN in the input makes figures NaN, which miss every bound and
/// become `null` in JSON.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Closeness {
    /// Largest absolute difference.
    pub max_abs: f64,
    /// Mean absolute difference.
    pub mean_abs: f64,
    /// Cosines between each vector and the expected one.
    #[serde(flatten)]
    pub cosines: CosineSummary,
    /// Share of vectors, 0 to 1, whose largest element has the same index as in the expected vector.
    pub top1_agreement: f64,
}

/// Compares two streams of vectors, which may come in parts.
/// ```
/// use albert_report::Comparison;
///
/// let mut comparison = Comparison::default();
/// comparison.extend(&[1.0, 0.0], &[0.5, 0.0]); // expected, obtained
/// comparison.end_vector();
/// let closeness = comparison.closeness();
/// assert_eq!((closeness.max_abs, closeness.cosines.cosine_mean), (0.5, 1.0));
/// ```
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
    /// Adds the next elements of the current vector, expected and obtained. Both slices have the same length.
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

    /// Ends the current vector.
    pub fn end_vector(&mut self) {
        let vector = std::mem::replace(&mut self.current, NOTHING);
        let [a, b] = vector.squares;
        // Two vectors of zeros are alike.
        self.cosines.push(if a == 0.0 && b == 0.0 { 1.0 } else { vector.dot / (a * b).sqrt() });
        self.agreed += usize::from(vector.places[0] == vector.places[1]);
    }

    /// The figures of all vectors that have ended.
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
