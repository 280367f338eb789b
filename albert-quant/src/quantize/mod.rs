//! A parameter's values to the bytes of its dtype, in the layout of the model file.
//!
//! Work goes panel by panel (16 output channels), on all threads. A panel's bytes depend on nothing but its own channels,
//! and sums over panels are taken in their order: the result does not depend on the number of threads.

mod cholesky;
mod float;
mod grid;
mod integer;
mod panel;
mod refine;
mod rounding;
mod scale_steps;
mod second_order;

use albert_core::format::layout::{PANEL_CHANNELS, dtype};

use crate::error::Error;
use crate::network::{Kind, Parameter};
use crate::writer::Region;
pub(crate) use second_order::Feedback;

/// How far the stored weights are from those of the checkpoint: sums of squares.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fidelity {
    signal: f64,
    noise: f64,
}

impl Fidelity {
    fn add(&mut self, weight: f32, error: f32) {
        let (weight, error) = (f64::from(weight), f64::from(error));
        self.signal += weight * weight;
        self.noise += error * error;
    }

    /// Root mean square of the error over that of the weights.
    pub(crate) fn relative_error(&self) -> f64 {
        if self.noise == 0.0 { 0.0 } else { (self.noise / self.signal).sqrt() }
    }
}

impl std::iter::Sum for Fidelity {
    fn sum<I: Iterator<Item = Self>>(panels: I) -> Self {
        panels.fold(Self::default(), |sum, panel| Self {
            signal: sum.signal + panel.signal,
            noise: sum.noise + panel.noise,
        })
    }
}

/// Fills a parameter's region of the file, which is all zero. `feedback` does not count for floats.
pub(crate) fn pack(parameter: &Parameter, region: Region<'_>, feedback: &Feedback) -> Result<Fidelity, Error> {
    match region.dtype {
        _ if parameter.kind == Kind::Vector => float::pack_vector(parameter, region),
        dtype::F32 => float::pack_f32(parameter, region),
        dtype::F16 => float::pack_f16(parameter, region),
        _ => integer::pack(parameter, region, feedback),
    }
}

/// Reads the channels of one panel, `[16][columns]`, those past the last as zeros; refuses NaN and infinities.
fn read_panel(parameter: &Parameter, panel: usize) -> Result<Vec<f32>, Error> {
    let columns = parameter.columns;
    let mut values = vec![0.0; PANEL_CHANNELS * columns];
    let first = panel * PANEL_CHANNELS;
    for (row, values) in (first..parameter.rows).zip(values.chunks_exact_mut(columns)) {
        parameter.source.read_row(row, values);
        check_finite(parameter, row, values)?;
    }
    // A large checkpoint would otherwise stay in memory beside its network.
    parameter.source.release(first..parameter.rows.min(first + PANEL_CHANNELS));
    Ok(values)
}

fn check_finite(parameter: &Parameter, row: usize, values: &[f32]) -> Result<(), Error> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(column) => {
            let index = index(parameter, row, column);
            Err(Error::NotFinite { name: parameter.name.clone(), index, value: values[column] })
        }
    }
}

/// Where an element is in the checkpoint's tensor.
fn index(parameter: &Parameter, row: usize, column: usize) -> Vec<usize> {
    if parameter.kind == Kind::Vector { vec![column] } else { vec![row, column] }
}

/// The sum of the panels' results, or the first panel's error.
fn in_order(panels: Vec<Result<Fidelity, Error>>) -> Result<Fidelity, Error> {
    panels.into_iter().sum()
}
