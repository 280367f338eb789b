//! How close a model comes to the outputs of the original framework.

use std::fmt;

use albert_report::{CosineSummary, Cosines};

use crate::engine::{self, Results};
use crate::fixtures::Fixture;
use crate::measure::{argmax, cosine, largest, max_abs};

/// The rows of an output against the expected ones. A row is a sequence, or a token where each has a vector, or the choices
/// of a question.
#[derive(Clone, Copy, Debug)]
pub struct Closeness {
    /// Largest absolute difference.
    pub max_abs: f64,
    /// The same as a share of the largest expected value.
    pub relative: f64,
    /// Cosines of the rows.
    pub cosines: CosineSummary,
    /// Share of rows whose largest element is the right one.
    pub agreement: f64,
}

impl Closeness {
    /// Compares one output of all rows of a fixture.
    ///
    /// # Panics
    /// When the model does not have this output.
    pub fn new(fixture: &Fixture, output: &str, results: &[Results]) -> Self {
        let (mut max_abs_error, mut agreed, mut greatest) = (0.0f64, 0, 0.0);
        let mut cosines = Cosines::default();
        for (index, results) in results.chunks(fixture.choices).enumerate() {
            let (mut values, mut expected) = (Vec::new(), Vec::new());
            for (choice, results) in results.iter().enumerate() {
                let mut outputs = engine::expected(fixture, index * fixture.choices + choice, results);
                let (_, some, wanted) = outputs.find(|(name, ..)| *name == output).expect("the model has this output");
                values.extend(some);
                expected.extend(wanted);
            }
            // Where each token has a vector, that is what is compared, else the row.
            let width = match fixture.outputs[output].shape[..] {
                [_, _, width] => width,
                _ => values.len(),
            };
            greatest = largest(&expected).max(greatest);
            for (values, expected) in values.chunks_exact(width).zip(expected.chunks_exact(width)) {
                max_abs_error = max_abs_error.max(max_abs(values, expected));
                cosines.push(cosine(values, expected));
                agreed += usize::from(argmax(values) == argmax(expected));
            }
        }
        let cosines = cosines.summary();
        Self {
            max_abs: max_abs_error,
            relative: max_abs_error / greatest,
            cosines,
            agreement: agreed as f64 / cosines.vectors as f64,
        }
    }
}

impl fmt::Display for Closeness {
    /// Cells of a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_abs, relative, cosines, agreement } = self;
        let CosineSummary { vectors, cosine_mean, cosine_p1, cosine_p01, .. } = cosines;
        write!(
            f,
            "| {vectors} | {max_abs:.1e} | {relative:.1e} | {cosine_mean:.6} | {cosine_p1:.5} | {cosine_p01:.5} | {:.2} %",
            100.0 * agreement
        )
    }
}
