//! The module's functions. JavaScript sees numbers alone: addresses, lengths and handles.
//!
//! A call that fails returns 0 (or `false`) and leaves its message where [`albert_result`] says; a call that succeeds leaves its
//! result there. The module has one thread, so there is one such place. Handles are addresses of boxes; 0 is none.

mod info;
mod memory;
mod result;
mod tokens;

use albert_edge::{Engine, Model, Options, Pipeline, Request, Response, Task};
use memory::Bytes;
use result::{set_error, set_floats, set_text};
use serde::Deserialize;

/// Opens a model file that lies in memory of [`memory::albert_alloc`], which becomes the model's.
///
/// # Safety
/// `start` comes from `albert_alloc(bytes)` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_model(start: *mut u8, bytes: usize) -> *mut Model {
    // SAFETY: the caller's.
    let owner = unsafe { Bytes::from_raw(start, bytes) };
    handle(Model::from_owner(owner))
}

/// Compares the model's checksum with its bytes.
///
/// # Safety
/// `model` comes from [`albert_model`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_verify(model: *const Model) -> bool {
    // SAFETY: the caller's.
    let model = unsafe { &*model };
    model.verify_checksum().map_err(|error| set_error(&error)).is_ok()
}

/// What the model is, as JSON.
///
/// # Safety
/// `model` comes from [`albert_model`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_info(model: *const Model) {
    // SAFETY: the caller's.
    set_text(info::of(unsafe { &*model }));
}

/// A task, its options by their names beside it.
#[derive(Deserialize)]
struct Setup {
    task: Option<String>,
    #[serde(default)]
    options: Options,
}

/// A pipeline over a model, from JSON: `{"task", "options"}`. Without a task it is the one that the head is made for.
///
/// # Safety
/// `model` comes from [`albert_model`]; `bytes` bytes of UTF-8 are at `json`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline(model: *const Model, json: *const u8, bytes: usize) -> *mut Pipeline {
    // SAFETY: the caller's.
    let (model, json) = unsafe { (&*model, memory::slice(json, bytes)) };
    let setup: Setup = match serde_json::from_slice(json) {
        Ok(setup) => setup,
        Err(error) => return failed(&error),
    };
    let task = match setup.task.map(|name| name.parse::<Task>()) {
        None => Task::of_head(model.config().head),
        Some(Ok(task)) => task,
        Some(Err(error)) => return failed(&error),
    };
    handle(Pipeline::with_options(Engine::new(model), task, &setup.options))
}

/// Runs a request (JSON). The result is JSON, or numbers for tasks whose results are vectors.
///
/// # Safety
/// `pipeline` comes from [`albert_pipeline`]; `bytes` bytes of UTF-8 are at `json`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_run(pipeline: *const Pipeline, json: *const u8, bytes: usize) -> bool {
    // SAFETY: the caller's.
    let (pipeline, json) = unsafe { (&*pipeline, memory::slice(json, bytes)) };
    let outcome = serde_json::from_slice::<Request>(json)
        .map_err(|error| set_error(&error))
        .and_then(|request| pipeline.run(&request).map_err(|error| set_error(&error)))
        .and_then(|response| keep(&response).map_err(|error| set_error(&error)));
    outcome.is_ok()
}

/// Leaves a response as the result.
fn keep(response: &Response) -> serde_json::Result<()> {
    match response {
        Response::Embedding(vector) => set_floats(&vector.embedding),
        Response::HiddenStates(states) => set_floats(&states.last_hidden_state.concat()),
        response => set_text(serde_json::to_string(response)?),
    }
    Ok(())
}

/// Tokens of a text or a pair (JSON, as requests have them), as JSON: `{"input_ids", "token_type_ids"}`.
///
/// # Safety
/// `model` comes from [`albert_model`]; `bytes` bytes of UTF-8 are at `json`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_tokens(model: *const Model, json: *const u8, bytes: usize) -> bool {
    // SAFETY: the caller's.
    let (model, json) = unsafe { (&*model, memory::slice(json, bytes)) };
    tokens::of(model, json).map(|tokens| set_text(tokens::to_json(&tokens))).is_ok()
}

/// Logits of a text, a pair or ids (JSON, as requests have them), as numbers.
///
/// # Safety
/// As [`albert_tokens`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_logits(model: *const Model, json: *const u8, bytes: usize) -> bool {
    // SAFETY: the caller's.
    let (model, json) = unsafe { (&*model, memory::slice(json, bytes)) };
    tokens::of(model, json)
        .and_then(|tokens| Engine::new(model).logits(&tokens).map_err(|error| set_error(&error)))
        .map(|logits| set_floats(&logits))
        .is_ok()
}

/// Frees a pipeline.
///
/// # Safety
/// `pipeline` comes from [`albert_pipeline`] and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_free(pipeline: *mut Pipeline) {
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

/// The address of what was made, or 0 and the error as the result.
fn handle<T>(made: albert_edge::Result<T>) -> *mut T {
    match made {
        Ok(made) => Box::into_raw(Box::new(made)),
        Err(error) => failed(&error),
    }
}

fn failed<T>(error: &dyn core::fmt::Display) -> *mut T {
    set_error(error);
    core::ptr::null_mut()
}
