//! How close a model comes to the outputs of the original framework.

use std::fmt;

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
    /// Mean of the rows' cosines.
    pub mean: f64,
    /// Smallest cosine of a row.
    pub worst: f64,
    /// Share of rows whose largest element is the right one.
    pub agreement: f64,
}

impl Closeness {
    /// Compares one output of all rows of a fixture.
    ///
    /// # Panics
    /// When the model does not have this output.
    pub fn new(fixture: &Fixture, output: &str, results: &[Results]) -> Self {
        let mut closeness = Self { max_abs: 0.0, relative: 0.0, mean: 0.0, worst: 1.0, agreement: 0.0 };
        let (mut rows, mut greatest) = (0, 0.0);
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
                let cosine = cosine(values, expected);
                closeness.max_abs = closeness.max_abs.max(max_abs(values, expected));
                closeness.worst = closeness.worst.min(cosine);
                closeness.mean += cosine;
                closeness.agreement += f64::from(u8::from(argmax(values) == argmax(expected)));
                rows += 1;
            }
        }
        closeness.relative = closeness.max_abs / greatest;
        closeness.mean /= f64::from(rows);
        closeness.agreement /= f64::from(rows);
        closeness
    }
}

impl fmt::Display for Closeness {
    /// Cells of a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_abs, relative, mean, worst, agreement } = self;
        write!(f, "| {max_abs:.1e} | {relative:.1e} | {worst:.6} | {mean:.6} | {:.2} %", 100.0 * agreement)
    }
}
