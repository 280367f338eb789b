#![deny(unsafe_code)]
//! What quantization cost: one model measured against another.
//!
//! Measuring gives data, drawing takes it:
//! - [`sizes`], [`tensors`]: what two files hold, part by part and tensor by tensor.
//! - [`sample`]: the inputs that models are run on; [`outputs`]: what a model computes for them.
//! - [`measure`](measure()): two models on the same inputs: drift of the hidden state by depth, outlier channels, error of the
//!   outputs. [`Closeness`] compares two streams of vectors.
//! - [`page`](page()): all of it as one HTML file; [`scatter`]: values against reference values, as SVG.

mod chart;
mod closeness;
mod measure;
pub mod outputs;
mod page;
pub mod sample;
pub mod scatter;
pub mod sizes;
pub mod tensors;
mod trace;

pub use closeness::{Closeness, Comparison};
pub use measure::{Depth, Measures, Outlier, measure};
pub use page::{Accuracy, Report, page};
