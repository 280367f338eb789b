#![deny(unsafe_code)]
//! Hugging Face ALBERT checkpoints to model files for `albert-core`.
//!
//! From the outside in:
//! - [`convert`](convert()): a checkpoint directory to the bytes of a model file, with warnings and a report.
//! - [`synth`](synth()): the same for random weights in a known geometry.
//! - `checkpoint`: one reader per container; all give the same named tensors, read row by row as f32; LoRA
//!   adapters and the modules of sentence-transformers.
//! - `config`, `family`, `head`, `names`, `adapt`: what the checkpoint says it is, and which tensors that means.
//! - `network`: the parameters of the model file, each bound to where its values come from.
//! - `formats`, `scheme`: what each matrix is stored in.
//! - `calibrate`: what goes into the linears on sample inputs: outlier channels, Hessians.
//! - `budget`: formats for a number of bytes.
//! - `assemble`: all matrices in their formats, and the file that they make.
//! - `quantize`: one parameter's values to the bytes of its dtype in the blocked layout.
//! - [`tokenizer`]: the checkpoint's tokenizer files to the section that the core reads.
//! - `attach`: classifiers for encoders that are model files already; `sign`: signatures.
//! - `writer`, `container`, `sections`: where everything lies in the file, and the sections that are no tensors.
//!
//! The bytes depend on the weights and the options alone: not on the container, the path or the number of threads.

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
