//! A task over a model.

use core::ffi::c_void;
use core::ops::ControlFlow;
use std::borrow::Cow;
use std::boxed::Box;
use std::vec::Vec;

use albert_edge::{Event, Options, Pipeline, Request, Task};

use super::answer::call;
use super::engine::{albert_engine, build_engine};
use super::error::{Failure, albert_error};
use super::model::albert_shared_model;
use super::object::free;
use super::options::{albert_options, read_options};
use super::request::{albert_request, read_request};
use super::result::albert_result;
use super::text::{Texts, albert_text};
use crate::memory::{optional, out, slice, value};
use crate::status::albert_status;

/// A task over a model. Opaque; may be used from several threads at once. Memory for inferences is kept for the next call.
pub struct albert_pipeline {
    pipeline: Pipeline,
    task: albert_text,
    _texts: Texts,
}

/// A step of an inference is done.
pub const ALBERT_EVENT_STEP: u32 = 0;
/// A batch has finished this many requests.
pub const ALBERT_EVENT_ROWS: u32 = 1;

/// A fit has finished this many folds.
pub const ALBERT_EVENT_FOLDS: u32 = 2;

/// Follows a call and can end it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_watch {
    /// Called after each step of an inference (some hundred microseconds of work) and each request that is done; false ends
    /// the call with ALBERT_STATUS_CANCELLED. `event` is an ALBERT_EVENT_ number, `rows` the requests that are done.
    /// Calls may come from several threads at once.
    pub proceed: Option<unsafe extern "C" fn(context: *mut c_void, event: u32, rows: usize) -> bool>,
    /// Whatever `proceed` needs.
    pub context: *mut c_void,
}

// SAFETY: the context goes to the caller's own function alone, which the header says is called from several threads.
unsafe impl Send for albert_watch {}
// SAFETY: as above.
unsafe impl Sync for albert_watch {}

impl albert_watch {
    fn tell(&self, event: Event) -> ControlFlow<()> {
        let (event, rows) = match event {
            Event::Rows(rows) => (ALBERT_EVENT_ROWS, rows),
            _ => (ALBERT_EVENT_STEP, 0),
        };
        self.call(event, rows)
    }

    pub(super) fn call(&self, event: u32, rows: usize) -> ControlFlow<()> {
        // SAFETY: the caller's function, as the header says.
        let proceeds = self.proceed.is_none_or(|proceed| unsafe { proceed(self.context, event, rows) });
        if proceeds { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Prepares a task: "text-classification", "zero-shot-classification", "token-classification", "question-answering",
/// "fill-mask", "multiple-choice", "sentence-order", "feature-extraction", "sentence-embedding" or "reranking"; without a text,
/// the one that the model is made for.
///
/// `options` and `engine` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_new(
    model: *const albert_shared_model,
    task: albert_text,
    options: *const albert_options,
    engine: *const albert_engine,
    pipeline: *mut *mut albert_pipeline,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (model, pipeline) = (value(model)?, out(pipeline)?);
        let options = optional(options)?.map_or_else(|| Ok(Options::default()), |from| read_options(from))?;
        pipeline.write(prepare(model, task, &options, optional(engine)?)?);
    })
}

/// As albert_pipeline_new, with the options as a JSON object, or no text for none: {"top_k": 3}.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_new_json(
    model: *const albert_shared_model,
    task: albert_text,
    options: albert_text,
    engine: *const albert_engine,
    pipeline: *mut *mut albert_pipeline,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (model, pipeline) = (value(model)?, out(pipeline)?);
        let options = options.get()?.map_or_else(|| Ok(Options::default()), serde_json::from_str);
        let options = options.map_err(|error| Failure::new(albert_status::TaskOption, error))?;
        pipeline.write(prepare(model, task, &options, optional(engine)?)?);
    })
}

/// # Safety
/// The texts are as [`albert_text::get`] says.
unsafe fn prepare(
    model: &albert_shared_model,
    task: albert_text,
    options: &Options,
    settings: Option<&albert_engine>,
) -> Result<*mut albert_pipeline, Failure> {
    // SAFETY: the caller's promise.
    let (task, engine) = unsafe { (task.get()?, build_engine(&model.model, settings)?) };
    let task = match task {
        Some(name) => name.parse().map_err(|error| Failure::new(albert_status::TaskUnknown, error))?,
        None => Task::of_head(model.model.config().head),
    };
    let pipeline = Pipeline::with_options(engine, task, options)?;
    let mut texts = Texts::default();
    let task = texts.keep(task.name().into());
    Ok(Box::into_raw(Box::new(albert_pipeline { pipeline, task, _texts: texts })))
}

/// Name of the task; valid until the pipeline is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_task(
    pipeline: *const albert_pipeline,
    task: *mut albert_text,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let pipeline = value(pipeline)?;
        out(task)?.write(pipeline.task);
    })
}

/// Runs `count` requests; the result has a row for each, in their order. Several run side by side on all threads.
///
/// `watch` may be null. When one of several requests fails, albert_error_row tells which.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_run(
    pipeline: *const albert_pipeline,
    requests: *const albert_request,
    count: usize,
    watch: *const albert_watch,
    result: *mut *mut albert_result,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (pipeline, result, watch) = (value(pipeline)?, out(result)?, optional(watch)?);
        let requests: Result<Vec<Request>, Failure> =
            slice(requests, count)?.iter().map(|from| read_request(from)).collect();
        result.write(run(pipeline, &requests?, watch)?);
    })
}

/// As albert_pipeline_run, with the request as a JSON object, {"text": "..."}, or several as an array of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_run_json(
    pipeline: *const albert_pipeline,
    requests: albert_text,
    watch: *const albert_watch,
    result: *mut *mut albert_result,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (pipeline, result, watch) = (value(pipeline)?, out(result)?, optional(watch)?);
        let json = requests.get()?.ok_or(albert_status::NullPointer)?;
        let requests: Result<Vec<Request>, _> = if json.trim_start().starts_with('[') {
            serde_json::from_str(json)
        } else {
            serde_json::from_str(json).map(|request| [request].into())
        };
        let requests = requests.map_err(|error| Failure::new(albert_status::TaskRequest, error))?;
        result.write(run(pipeline, &requests, watch)?);
    })
}

fn run(
    pipeline: &albert_pipeline,
    requests: &[Request],
    watch: Option<&albert_watch>,
) -> Result<*mut albert_result, Failure> {
    let pipeline = watched(pipeline, watch);
    let responses = match requests {
        [alone] => [pipeline.run(alone)?].into(),
        several => pipeline.run_batch(several)?,
    };
    Ok(Box::into_raw(Box::new(albert_result::new(responses))))
}

/// The pipeline, which tells `watch` of its work.
pub(super) fn watched<'p>(pipeline: &'p albert_pipeline, watch: Option<&albert_watch>) -> Cow<'p, Pipeline> {
    match watch.copied() {
        Some(watch) => Cow::Owned(pipeline.pipeline.clone().watch(move |event| watch.tell(event))),
        None => Cow::Borrowed(&pipeline.pipeline),
    }
}

/// Frees a pipeline; null is allowed. No call may be under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_free(pipeline: *mut albert_pipeline) {
    // SAFETY: the header's promise.
    unsafe { free(pipeline) };
}
