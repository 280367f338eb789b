//! The module's functions. JavaScript sees numbers alone: addresses, lengths and handles.
//!
//! A call that fails returns 0 (or `false`) and leaves its message where [`albert_result`] says; a call that succeeds leaves its
//! result there. The module has one thread, so there is one such place. Handles are addresses of boxes; 0 is none.

#[cfg(not(feature = "every-task"))]
mod classification;
#[cfg(feature = "every-task")]
mod every_task;
mod info;
mod json;
mod memory;
#[cfg(feature = "every-task")]
mod prototypes;
mod result;
mod tokens;

use albert_edge::{Engine, HeadFile, Model};
use memory::Bytes;
use result::{Outcome, handle, leave, message};

#[cfg(not(feature = "every-task"))]
use classification as tasks;
#[cfg(feature = "every-task")]
use every_task as tasks;
use tasks::Runner;

/// Opens a model file that lies in memory of [`memory::albert_alloc`], which becomes the model's.
///
/// # Safety
/// `start` comes from `albert_alloc(bytes)` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_model(start: *mut u8, bytes: usize) -> *mut Model {
    // SAFETY: the caller's.
    let owner = unsafe { Bytes::from_raw(start, bytes) };
    handle(Model::from_owner(owner).map_err(message))
}

/// The encoder of a model with the classifier of a head file, which lies in memory of [`memory::albert_alloc`] that becomes the new
/// model's.
///
/// # Safety
/// `model` comes from [`albert_model`]; `start` comes from `albert_alloc(bytes)` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_with_head(model: *const Model, start: *mut u8, bytes: usize) -> *mut Model {
    // SAFETY: the caller's.
    let (model, owner) = unsafe { (&*model, Bytes::from_raw(start, bytes)) };
    handle(HeadFile::from_owner(owner).and_then(|head| model.with_head(&head)).map_err(message))
}

/// Compares the model's checksum with its bytes, and a head file's.
///
/// # Safety
/// `model` comes from [`albert_model`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_verify(model: *const Model) -> bool {
    // SAFETY: the caller's.
    let model = unsafe { &*model };
    let of_head = || model.head().map_or(Ok(()), HeadFile::verify_checksum);
    leave(model.verify_checksum().and_then(|()| of_head()).map(|()| Outcome::Nothing).map_err(message))
}

/// What the model is, as JSON.
///
/// # Safety
/// `model` comes from [`albert_model`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_info(model: *const Model) {
    // SAFETY: the caller's.
    leave(Ok(Outcome::Text(info::of(unsafe { &*model }))));
}

/// A task over a model, from JSON: `{"task", "options"}`. Without a task it is the one that the head is made for.
///
/// # Safety
/// `model` comes from [`albert_model`]; `bytes` bytes of UTF-8 are at `json`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline(model: *const Model, json: *const u8, bytes: usize) -> *mut Runner {
    // SAFETY: the caller's.
    let (model, json) = unsafe { (&*model, memory::slice(json, bytes)) };
    handle(tasks::open(model, json))
}

/// Runs a request (JSON). The result is JSON, or numbers for tasks whose results are vectors.
///
/// # Safety
/// `pipeline` comes from [`albert_pipeline`]; `bytes` bytes of UTF-8 are at `json`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_run(pipeline: *const Runner, json: *const u8, bytes: usize) -> bool {
    // SAFETY: the caller's.
    let (pipeline, json) = unsafe { (&*pipeline, memory::slice(json, bytes)) };
    leave(tasks::run(pipeline, json))
}

/// Tokens of a text or a pair (JSON, as requests have them), as JSON: `{"input_ids", "token_type_ids"}`.
///
/// # Safety
/// `model` comes from [`albert_model`]; `bytes` bytes of UTF-8 are at `json`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_tokens(model: *const Model, json: *const u8, bytes: usize) -> bool {
    // SAFETY: the caller's.
    let (model, json) = unsafe { (&*model, memory::slice(json, bytes)) };
    leave(tokens::of(model, json).map(|tokens| Outcome::Text(tokens::to_json(&tokens))))
}

/// Logits of a text, a pair or ids (JSON, as requests have them), as numbers.
///
/// # Safety
/// As [`albert_tokens`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_logits(model: *const Model, json: *const u8, bytes: usize) -> bool {
    // SAFETY: the caller's.
    let (model, json) = unsafe { (&*model, memory::slice(json, bytes)) };
    let logits = |tokens| Engine::new(model).logits(&tokens).map_err(message);
    leave(tokens::of(model, json).and_then(logits).map(Outcome::Floats))
}

/// Frees a pipeline.
///
/// # Safety
/// `pipeline` comes from [`albert_pipeline`] and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_free(pipeline: *mut Runner) {
    // SAFETY: the caller's.
    drop(unsafe { Box::from_raw(pipeline) });
}

/// Frees a model; pipelines over it keep what they need.
///
/// # Safety
/// `model` comes from [`albert_model`] and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_model_free(model: *mut Model) {
    // SAFETY: the caller's.
    drop(unsafe { Box::from_raw(model) });
}
