//! One parameter and where its values come from.

use std::ops::Range;
use std::sync::Arc;

use crate::checkpoint::{LowRank, Tensor};
use crate::random::Random;

/// One parameter of the network.
pub(crate) struct Parameter {
    /// Name without prefixes, as the reference library has it.
    pub(crate) name: String,
    pub(crate) role: u16,
    pub(crate) block: u16,
    pub(crate) kind: Kind,
    /// Output channels; 1 for a vector.
    pub(crate) rows: usize,
    /// Inputs, or the length of a vector.
    pub(crate) columns: usize,
    pub(crate) source: Source,
}

/// What a parameter is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bias or a layer norm's weight.
    Vector,
    /// An embedding table, whose rows are looked up.
    Table,
    /// The masked-LM decoder, which may be the word embeddings.
    Decoder,
    /// The matrix of a linear.
    Linear,
}

/// Where a parameter's values come from.
pub(crate) enum Source {
    Tensor(Tensor),
    /// The element-wise sum of two vectors.
    Sum(Tensor, Tensor),
    Random(Random),
    Constant(f32),
    /// A matrix and what an adapter adds to it.
    Adapted(Tensor, LowRank),
    /// These, row by row.
    Values(Vec<f32>),
    /// Some rows of a matrix, or some elements of a vector.
    Rows(Box<Parameter>, Arc<[u32]>),
    /// A vector whose values calibration has moved.
    Moved {
        values: Vec<f32>,
        /// What it takes in the checkpoint.
        checkpoint_bytes: usize,
    },
}

impl Source {
    /// Reads one row of a matrix, or the whole of a vector as row 0.
    pub(crate) fn read_row(&self, row: usize, out: &mut [f32]) {
        match self {
            Self::Tensor(tensor) => tensor.read_row(row, out),
            Self::Sum(a, b) => {
                a.read_row(row, out);
                let mut other = vec![0.0; out.len()];
                b.read_row(row, &mut other);
                out.iter_mut().zip(other).for_each(|(x, y)| *x += y);
            }
            Self::Random(random) => random.row(row, out),
            Self::Adapted(tensor, added) => {
                tensor.read_row(row, out);
                added.add_row(row, out);
            }
            Self::Constant(value) => out.fill(*value),
            Self::Values(values) => out.copy_from_slice(&values[row * out.len()..(row + 1) * out.len()]),
            Self::Rows(of, rows) if of.kind == Kind::Vector => {
                let mut whole = vec![0.0; of.columns];
                of.source.read_row(0, &mut whole);
                out.iter_mut().zip(rows.iter()).for_each(|(x, &row)| *x = whole[row as usize]);
            }
            Self::Rows(of, rows) => of.source.read_row(rows[row] as usize, out),
            Self::Moved { values, .. } => out.copy_from_slice(values),
        }
    }

    /// Gives back the memory that the checkpoint's bytes of these rows take until they are read again.
    pub(crate) fn release(&self, rows: Range<usize>) {
        if let Self::Tensor(tensor) | Self::Adapted(tensor, _) = self {
            tensor.release(rows);
        }
    }

    /// Bytes that the values take in the checkpoint.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Tensor(tensor) => tensor.bytes(),
            Self::Sum(a, b) => a.bytes() + b.bytes(),
            Self::Adapted(tensor, added) => tensor.bytes() + added.bytes(),
            Self::Rows(of, _) => of.source.bytes(),
            Self::Moved { checkpoint_bytes, .. } => *checkpoint_bytes,
            Self::Random(_) | Self::Constant(_) | Self::Values(_) => 0,
        }
    }
}

impl Parameter {
    /// The parameter that this one has some rows of, or itself.
    pub(crate) fn whole(&self) -> &Self {
        match &self.source {
            Source::Rows(of, _) => of,
            _ => self,
        }
    }

    /// Leaves these rows, or elements of a vector.
    pub(super) fn keep_rows(self, rows: &Arc<[u32]>) -> Self {
        let count = rows.len();
        let (rows_left, columns) = if self.kind == Kind::Vector { (self.rows, count) } else { (count, self.columns) };
        let Self { ref name, role, block, kind, .. } = self;
        let name = name.clone();
        Self { name, role, block, kind, rows: rows_left, columns, source: Source::Rows(Box::new(self), rows.clone()) }
    }
}
