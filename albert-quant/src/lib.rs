#![deny(unsafe_code)]
#![warn(clippy::exhaustive_enums)]
//! Converts checkpoints of the ALBERT and BERT families to model files for `albert-core`.
//!
//! ```no_run
//! use albert_quant::{Options, Weights, convert};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut options = Options::default();
//! options.weights = Weights::Int8;
//! let converted = convert("checkpoint".as_ref(), &options)?;
//! for warning in &converted.warnings {
//!     eprintln!("{warning}");
//! }
//! std::fs::write("model.albert", &converted.bytes)?;
//! # Ok(())
//! # }
//! ```
//! A checkpoint is a directory with `config.json`, weights and tokenizer, in the formats of safetensors, PyTorch, TensorFlow, Flax or the
//! original release. The bytes of the file depend on the weights and the options only, not on the container, the path or the number
//! of threads.
//!
//! # Modules
//! From the outside in:
//! - [`convert`](convert()): a checkpoint directory to the bytes of a model file, with warnings and a report.
//! - [`synth`](synth()): the same for random weights in a known geometry.
//! - `checkpoint`: one reader per container; all give the same named tensors, read row by row as f32; LoRA
//!   adapters and the modules of sentence-transformers.
//! - `config`, `family`, `head`, `names`, `adapt`: which network the checkpoint describes, and which tensors belong to it.
//! - `network`: the parameters of the model file, each with the source of its values.
//! - `formats`, `scheme`: the format of each matrix.
//! - `calibrate`: statistics of the inputs of linears on a sample: outlier channels, Hessians.
//! - `budget`: chooses formats for a given number of bytes.
//! - `assemble`: all matrices in their formats, and the file that they make.
//! - `quantize`: one parameter's values to the bytes of its dtype in the blocked layout.
//! - [`tokenizer`]: compiles the checkpoint's tokenizer files to the section that the core reads.
//! - `attach`: adds classifiers to existing model files; `sign`: signatures.
//! - `vectors`: loops in the widest vectors of the CPU.
//! - `writer`, `container`, `sections`: the layout of the file, and its sections other than tensors.

mod adapt;
mod assemble;
mod attach;
mod budget;
mod bytes;
mod calibrate;
mod checkpoint;
mod config;
mod container;
mod convert;
mod encoder_hash;
mod error;
mod family;
mod files;
mod formats;
mod head;
mod index;
mod names;
mod network;
mod one_line;
mod progress;
mod quantize;
mod random;
mod report;
mod scheme;
mod sections;
mod sign;
mod synth;
pub mod tokenizer;
#[doc(hidden)]
pub mod vectors;
mod writer;

pub use attach::{AttachError, ClassifierWeights, attach, head_file, without_head};
pub use budget::Budget;
pub use bytes::ModelBytes;
pub use calibrate::Calibration;
pub use checkpoint::adapter_base;
pub use convert::{Converted, Options, convert, limit_threads};
pub use encoder_hash::encoder_hash;
pub use error::{ConfigProblem, Error, Warning};
pub use files::is_lfs_pointer;
pub use formats::{Format, Keep, UnknownFormat, Weights};
pub use head::{HeadChoice, MlmBias, UnknownHead};
pub use index::index_file;
pub use network::tensors;
pub use progress::{Progress, Stage};
pub use report::{Report, TensorReport};
pub use sign::{KeyError, SigningKey, public_key_from_pem, public_key_to_pem, sign};
pub use synth::{Geometry, UnknownGeometry, synth};

/// The example of the package's page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
