#![no_std]
#![deny(unsafe_code)]
#![warn(clippy::exhaustive_enums)]
//! ALBERT models in applications: one type for each task, over the engine of `albert-core`.
//!
//! ```no_run
//! use albert_edge::{Model, TextClassification};
//!
//! let model = Model::open("clinc-intents-int8.albert")?;              // mapped, checked once; cheap to clone, Send + Sync
//! let intents = TextClassification::new(&model)?;                     // an error when the head does not fit
//! let best = intents.run("what is the weather like in tokyo")?;       // Vec<Label>, best first
//! let texts = ["book a table for two", "play some jazz"];
//! let many = intents.run_batch(texts)?;                               // all cores, in order
//! # let _ = (best, many);
//! # Ok::<(), albert_edge::Error>(())
//! ```
//!
//! - [`Model`]: a model file from a path, a vector or bytes; [`HeadFile`]: another classifier for it.
//! - [`TextClassification`], [`ZeroShotClassification`], [`TokenClassification`], [`QuestionAnswering`], [`FillMask`],
//!   [`MultipleChoice`], [`SentenceOrder`], [`FeatureExtraction`], [`SentenceEmbedding`], [`Reranking`]: the tasks. Options and
//!   results have the names of the Hugging Face pipelines.
//! - [`Pipeline`]: a task that is chosen when the program runs, with [`Request`]s and [`Response`]s of any task.
//! - [`Engine`]: what all tasks run on: threads, layers, limits of memory, callbacks, and logits for other purposes.
//! - [`Prototypes`]: labels that are taught while the program runs, by a few examples each.
//! - [`batch`]: any work on many rows, in order and with bounded memory.
//!
//! Every method takes `&self` and may be called from several threads. int8 and codebook models give the same bits on every machine
//! and with any number of threads.
//!
//! Without the feature `std`, the crate needs an allocator and atomic pointers, opens no files, and runs on the caller's thread.

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod batch;
mod engine;
mod error;
mod model;
mod options;
mod pipeline;
mod prototypes;
mod request;
mod task;
mod tasks;
mod text;

pub use albert_core;
pub use albert_core::ExitPolicy;
pub use albert_core::heads::{Aggregation, Nearest, PrototypeError};
pub use albert_core::tokenizer::{EncodeOptions, Truncation};

pub use engine::{Engine, Event, MEMORY_LIMIT, Tokens};
pub use error::{Error, Field, Result};
pub use model::{HeadFile, Model};
pub use options::Options;
pub use pipeline::Pipeline;
pub use prototypes::Prototypes;
pub use request::{Request, Response};
pub use task::{Task, UnknownTask};
pub use tasks::{
    Answer, Choice, Embedding, Entity, FeatureExtraction, FillMask, Filling, Function, HiddenStates, Label,
    MultipleChoice, QuestionAnswering, Ranked, Ranking, Reranking, SentenceEmbedding, SentenceOrder, Target,
    TextClassification, TokenClassification, ZeroShotClassification,
};
pub use text::{AsText, Text};

/// The example of the package's page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
