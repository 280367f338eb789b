#![no_std]
#![deny(unsafe_code)]
#![warn(clippy::exhaustive_enums)]
//! ALBERT inference without `std` and without a heap.
//!
//! A [`Model`] borrows the bytes of a model file, a [`Plan`] says how much memory an input needs, and a [`Session`] runs inputs in
//! one slice of that size:
//! ```
//! use albert_core::heads::argmax;
//! use albert_core::tokenizer::EncodeOptions;
//! use albert_core::{Model, Plan, Session};
//!
//! /// The label of a text of up to 64 tokens. The arena has [`Plan::arena_bytes`], or more.
//! fn label<'m>(model: &Model<'m>, arena: &mut [u8], text: &str) -> Option<&'m str> {
//!     let plan = Plan::new(model.config(), 64);
//!     let mut session = Session::new(model, plan, arena).ok()?;
//!     let output = session.run_text(text, None, &EncodeOptions::default()).ok()?;
//!     model.label(argmax(output.logits())?)
//! }
//! ```
//! On a device, [`include_model!`] puts the file into flash and [`Arena`] makes the memory a static.
//!
//! # Modules
//! - [`format`]: a checked view of the bytes of a model file.
//! - [`plan`]: the bytes of working memory for a network and an input length, as a `const fn`.
//! - [`session`]: runs inputs. One `step` is one bounded piece of work, on one input or several.
//! - [`heads`]: from logits and hidden states to labels, answers, entities, tokens and embeddings.
//! - [`tokenizer`]: text to ids and back, from tables in the model file.
//! - [`kernels`]: inner loops, one folder for each architecture.
//! - [`executor`], [`observer`]: threads for the work of a step; a look at what a network computes.
//!
//! `docs/architecture.md` in the repository lists all modules and which may use which.
//!
//! # Errors and panics
//! No function panics, whatever its input. Errors are small `Copy` enums that implement `Display`.
//!
//! # Features
//! All but the last five are on by default. Devices turn them off to save flash; a model that needs a part that is left out is
//! refused when it is opened.
//!
//! | feature | what |
//! |---|---|
//! | `float`, `codebook` | fp16 and fp32 weights; weights of 4 and 5 bits. int8 needs no feature |
//! | `sentencepiece`, `wordpiece` | tokenizers of these kinds. Unigram, from a `tokenizer.json`, needs no feature |
//! | `pooling`, `head-files` | classifiers that do not read the pooler; classifiers in files of their own |
//! | `fast-memory`, `weight-copies` | the busiest part of the arena in memory of its own; weights copied from slow memory, by DMA for example |
//! | `signature` | verification of signed files |
//! | `defmt` | errors and plans in logs |
//! | `threads` | an executor on threads, with `std` |

#[cfg(target_endian = "big")]
compile_error!("model files are little-endian and used in place: big-endian targets are not supported");

#[cfg(any(feature = "threads", test))]
extern crate std;

mod attention;
mod build_features;
mod codebook;
pub mod config;
mod context;
mod disjoint;
mod encoder;
pub mod error;
pub mod executor;
pub mod format;
mod half;
pub mod heads;
pub mod kernels;
mod linear;
mod memory;
pub mod observer;
mod panels;
mod progress;
pub mod session;
mod slices;
pub mod tokenizer;

pub use config::Config;
pub use error::{BatchError, FormatError, InputError, SessionError};
pub use format::{HeadFile, IndexFile, Model};
pub use memory::arena::Arena;
#[cfg(feature = "weight-copies")]
pub use memory::copies::CopyWeights;
pub use memory::plan;
pub use memory::plan::Plan;
pub use observer::Observer;
pub use progress::Progress;
pub use session::{ExitPolicy, Input, Output, Positions, Session, TextError};

/// The example of the package's page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
