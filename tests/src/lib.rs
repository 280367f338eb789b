//! What the test files share: the naive network that everything is compared with, fixtures, and measures of closeness.
//!
//! - [`reference`](mod@reference): the forward pass of ALBERT in f64, written to be read.
//! - [`tensors`]: safetensors files as plain vectors.
//! - [`fixtures`]: the checkpoints under `fixtures/`, and larger ones when they are at hand.
//! - [`measure`]: largest difference, cosine; [`closeness`]: those of all rows of an output.
//! - [`model_file`]: a second writer of the model file.
//! - [`engine`]: the product, run on the fixtures' inputs.
//! - [`random`]: networks and inputs of any shape.
//! - [`readme`]: the snippets of the first page.
//! - [`robust`]: what must hold for any bytes; the fuzz targets call it too.
//! - [`tokenizers`]: tokenizers under test and hard texts.
//! - [`aligned`]: buffers at chosen addresses.
//! - [`memory`]: an allocator that counts; [`clock`]: time of the processor.
//! - [`bombs`]: checkpoints that would cost far more than their size to read.
//! - [`page`]: tables of the documents that tests measure; [`block`](mod@block): their marks.
//! - [`at_hand`]: what only some machines have, and what a test without it does.

pub mod aligned;
pub mod at_hand;
pub mod block;
pub mod bombs;
pub mod clock;
pub mod closeness;
pub mod engine;
pub mod fixtures;
pub mod measure;
pub mod memory;
pub mod model_file;
pub mod page;
pub mod random;
pub mod readme;
pub mod reference;
pub mod robust;
pub mod tensors;
pub mod tokenizers;

/// The programs of `docs/early-exit.md`.
#[cfg(doctest)]
#[doc = include_str!("../../docs/early-exit.md")]
pub struct EarlyExit;

/// The programs of `docs/own-classifier.md`.
#[cfg(doctest)]
#[doc = include_str!("../../docs/own-classifier.md")]
pub struct OwnClassifier;
