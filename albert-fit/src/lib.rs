#![warn(clippy::exhaustive_enums)]
//! Makes a text classifier from a few examples of each label. The encoder, an ALBERT model file, stays as it is; what is fitted is a
//! linear head on it: logistic regression, solved to convergence. With dozens of examples a label this takes seconds.
//!
//! [`read`] reads labelled rows, [`fit`] fits, and a [`Fitted`] writes a model file, or a head file of some kilobytes for devices
//! that have the encoder already. Its [`Report`] says how well the classifier does on examples that it has not seen.
//! ```no_run
//! use albert_core::Model;
//! use albert_fit::{Columns, HeadStorage, Options, fit, read};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bytes: &[u8] = &[];
//! let encoder = Model::from_bytes(bytes)?;
//! let examples = read("rows.jsonl".as_ref(), &Columns::default())?;
//! let fitted = fit(&encoder, &examples, &Options::default())?;
//! println!("{}", fitted.report);
//! std::fs::write("model.albert", fitted.model(&encoder, HeadStorage::Int8)?)?;
//! # Ok(())
//! # }
//! ```
//!
//! In an application, together with the tasks of `albert-edge`:
//! ```no_run
//! use albert_edge::{HeadFile, Model, TextClassification};
//! use albert_fit::{Example, HeadStorage, Options, fit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let examples: Vec<Example> = Vec::new();
//! let encoder = Model::open("encoder.albert")?;
//! let fitted = fit(encoder.as_core(), &examples, &Options::default())?;
//! let head = HeadFile::from_owner(fitted.head_file(encoder.as_core(), HeadStorage::Int8)?)?;
//! let classify = TextClassification::new(&encoder.with_head(&head)?)?;
//! println!("{:?}", classify.run("put the lamp on please")?);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//! - `examples`: rows of JSONL, CSV and TSV files, and of JSON.
//! - `features`: one vector a text, by the int8 encoder that devices run, so that training sees what they will compute.
//! - `folds`, `selection`: pooling and penalty by stratified cross-validation.
//! - `scale`, `basis`, `solver`: logistic regression, solved to convergence.
//! - `temperature`, `threshold`: honest scores, and what is out of scope.
//! - `report`: what the held-out rows say.
//! - `product`, `portable`, `vectors`, `view`: what most of the time goes into.
//!
//! # Reproducible
//! The result depends on encoder, examples and options alone: any number of threads gives the same bytes. With [`Options::portable`]
//! they are the same on every machine, too, as they always are in WebAssembly.

mod basis;
mod error;
mod examples;
mod features;
mod fit;
mod folds;
mod labels;
mod loss;
mod matrix;
mod options;
mod page;
mod portable;
mod product;
mod progress;
mod random;
mod real;
mod reliability;
mod report;
mod scale;
mod selection;
mod solver;
mod temperature;
mod threads;
mod threshold;
mod view;

pub use error::{Error, InferenceError, RowProblem};
pub use examples::{Columns, Example, read, read_json};
pub use features::{Features, features};
pub use fit::{Fitted, HeadStorage, fit, fit_features};
pub use options::Options;
pub use page::page;
pub use progress::{Progress, Stage};
pub use reliability::{BINS, Bin, Reliability, reliability};
pub use report::{Confusion, Fold, LabelReport, OutOfScope, Report, Tried};
