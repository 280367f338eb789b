#![no_std]
#![deny(unsafe_code)]
//! ALBERT inference without `std` and without a heap.
//!
//! From the bottom up (`docs/architecture.md` has the whole list, and a test holds it):
//! - [`tokenizer`]: text to ids, from tables in the model file; knows nothing of the network.
//! - [`kernels`]: inner loops, one folder for each architecture; they know nothing of models.
//! - [`format`]: the bytes of a model file to a checked `Model` that borrows them.
//! - [`plan`]: how many bytes of working memory a network and a length need, as a `const fn`.
//! - `linear`, `attention`, `encoder`: products, the K/V cache, and one description of a layer on a tile of rows, for one worker or
//!   several.
//! - [`heads`]: from hidden states to logits and answers.
//! - [`Session`]: the state machine over all of it; one `step` is one bounded piece of work, on one input or several.
//!
//! Nothing here panics on any input; errors are small `Copy` enums.
//!
//! Features, for devices that count their flash: `float`, `codebook`, `sentencepiece` and `wordpiece` are kinds of weights and
//! tokenizers, `pooling` and `head-files` kinds of classifiers, all on by default. What is left is int8 weights, the tokenizers of a
//! `tokenizer.json` and classifiers over the pooler. A model that needs what was left out is refused when it is opened. `signature`
//! verifies signed files, `defmt` formats errors and plans for logs, `threads` links std for an executor on threads.

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
mod progress;
pub mod session;
mod slices;
pub mod tokenizer;

pub use config::Config;
pub use error::{BatchError, FormatError, InputError, SessionError};
pub use format::{HeadFile, IndexFile, Model};
pub use memory::arena::Arena;
pub use memory::plan;
pub use memory::plan::Plan;
pub use observer::Observer;
pub use progress::Progress;
pub use session::{ExitPolicy, Input, Output, Positions, Session, TextError};
