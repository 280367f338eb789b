//! The caller's buffer: how many bytes an inference needs, how they are divided, and views of them.

pub(crate) mod arena;
pub(crate) mod copies;
mod fast;
pub mod plan;
mod rows;
mod sequences;

pub(crate) use rows::{Columns, Rows};
pub(crate) use sequences::{Sequence, Sequences};
