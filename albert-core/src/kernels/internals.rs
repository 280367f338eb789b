//! Operands of the kernels, for tests and benchmarks of this repository. No part of the interface: any release may change them, and the
//! functions of [`Kernels`](super::Kernels) that take them.

pub use super::codebook::{CodebookPanel, Levels};
pub use super::types::{
    Channels, FloatProduct, Keys, LinearProduct, Product, RowScale, SMALLEST_RANGE, Splits, Store, Tile,
};
