#![deny(unsafe_code)]
#![warn(clippy::exhaustive_enums)]
//! One model measured against another: what quantization cost, or how two model files differ.
//!
//! Measuring gives data, drawing takes it:
//! - [`sizes`], [`tensors`]: what two files hold, part by part and tensor by tensor.
//! - [`sample`]: the inputs that models are run on; [`outputs`]: what a model computes for them.
//! - [`measure`](measure()): two models on the same inputs: drift of the hidden state by depth, outlier channels, error of the
//!   outputs. [`Closeness`] compares two streams of vectors.
//! - [`metrics`]: what answers are worth against labels, and how much that varies.
//! - [`page`](page()): all of it as one HTML file; [`scatter`]: values against reference values, as SVG.

mod changes;
mod chart;
mod closeness;
mod cosines;
mod measure;
pub mod metrics;
pub mod outputs;
mod page;
pub mod sample;
pub mod scatter;
pub mod sizes;
pub mod tensors;
mod trace;

pub use changes::{Change, Changes};
pub use closeness::{Closeness, Comparison};
pub use cosines::{CosineSummary, Cosines};
pub use measure::{Depth, Measures, Outlier, measure};
pub use page::{Accuracy, Report, Subject, evaluation_page, page, size_ratio};
