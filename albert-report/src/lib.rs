#![deny(unsafe_code)]
#![warn(clippy::exhaustive_enums)]
//! Measures one model against another: what quantization cost, or how two model files differ. Also measures what a model's answers are
//! worth against labels.
//!
//! This is what `albert compare`, `albert eval` and `albert quantize --report` print and draw. Measuring gives plain data that
//! serializes to JSON:
//! ```no_run
//! use albert_core::{Model, kernels};
//! use albert_report::{measure, sample::Sample};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (reference, quantized): (&[u8], &[u8]) = (&[], &[]);
//! let (reference, model) = (Model::from_bytes(reference)?, Model::from_bytes(quantized)?);
//! let sample = Sample::built_in(&model);
//! let measures = measure(&reference, &model, &sample, kernels::detect(), &|_| ());
//! for (output, closeness) in &measures.outputs {
//!     println!("{output}: mean cosine {:.5}", closeness.cosines.cosine_mean);
//! }
//! # Ok(())
//! # }
//! ```
//! and [`page`](page()) makes an HTML file of it. The parts:
//! - [`sizes`], [`tensors`]: what two files contain, by part and by tensor.
//! - [`sample`]: the inputs that models are run on. [`outputs`]: what a model computes for them.
//! - [`measure`](measure()): two models on the same inputs: drift of the hidden state by depth, outlier channels, errors of the
//!   outputs, answers that change. [`Comparison`] compares two streams of vectors.
//! - [`metrics`]: accuracy, F1, correlations and the like, with confidence intervals.
//! - [`page`](page()), [`evaluation_page`]: HTML files. [`scatter`]: values against reference values, as SVG.

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

pub use changes::{Change, Changes, Rights};
pub use closeness::{Closeness, Comparison};
pub use cosines::{CosineSummary, Cosines};
pub use measure::{Depth, Measures, Outlier, measure};
pub use page::{Accuracy, Report, Subject, evaluation_page, page, size_ratio};
