//! Classifiers from a few examples, for JavaScript. It sees numbers alone: addresses, lengths and handles.
//!
//! A module of its own, since pages that classify do not need it. What a call leaves is where [`albert_result`] says: the message of
//! one that fails, a report or a file.

#[path = "../../src/memory.rs"]
mod memory;

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::ControlFlow;

use albert_core::Model;
use albert_core::format::verify_checksum;
use albert_fit::{Columns, Fitted, HeadStorage, Options, Progress, Stage, fit, read_json};
use memory::Bytes;

#[link(wasm_import_module = "albert")]
unsafe extern "C" {
    /// Hears how far a fit is: examples (0) or folds (1), done and in all.
    safe fn progress(stage: u32, done: usize, total: usize);
}

thread_local! {
    static RESULT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A classifier, and the encoder that it is for.
pub struct Made {
    encoder: Bytes,
    fitted: Fitted,
}

/// Fits a classifier on examples (JSON rows) with options (a JSON object). The encoder is a model file in memory of
/// [`memory::albert_alloc`], which becomes the classifier's. 0 when it fails.
///
/// # Safety
/// `start` comes from `albert_alloc(bytes)` and is not used again; `row_bytes` and `option_bytes` bytes are at `rows` and `options`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fit(
    start: *mut u8,
    bytes: usize,
    rows: *const u8,
    row_bytes: usize,
    options: *const u8,
    option_bytes: usize,
) -> *mut Made {
    // SAFETY: the caller's.
    let (encoder, rows, options) = unsafe {
        (Bytes::from_raw(start, bytes), memory::slice(rows, row_bytes), memory::slice(options, option_bytes))
    };
    match make(encoder, rows, options) {
        Ok(made) => Box::into_raw(Box::new(made)),
        Err(message) => {
            RESULT.set(message.into_bytes());
            core::ptr::null_mut()
        }
    }
}

fn make(encoder: Bytes, rows: &[u8], options: &[u8]) -> Result<Made, String> {
    verify_checksum(encoder.as_ref()).map_err(message)?;
    let model = Model::from_bytes(encoder.as_ref()).map_err(message)?;
    let rows = core::str::from_utf8(rows).map_err(message)?;
    let examples = read_json(rows, &Columns::default()).map_err(message)?;
    let mut options: Options<'_> = serde_json::from_slice(options).map_err(message)?;
    options.progress = &|Progress { stage, done, total }| {
        progress(u32::from(stage == Stage::Folds), done, total);
        ControlFlow::Continue(())
    };
    let fitted = fit(&model, &examples, &options).map_err(message)?;
    Ok(Made { encoder, fitted })
}

/// Leaves the report as JSON.
///
/// # Safety
/// `made` comes from [`albert_fit`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fitted_report(made: *const Made) -> bool {
    // SAFETY: the caller's.
    leave(serde_json::to_vec(&unsafe { &*made }.fitted.report).map_err(message))
}

/// Leaves the head file, or the model file; weights are in int8, or in f32.
///
/// # Safety
/// As [`albert_fitted_report`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fitted_file(made: *const Made, is_head: bool, is_float: bool) -> bool {
    // SAFETY: the caller's.
    let Made { encoder, fitted } = unsafe { &*made };
    let storage = if is_float { HeadStorage::F32 } else { HeadStorage::Int8 };
    let file = Model::from_bytes(encoder.as_ref()).map_err(message).and_then(|encoder| {
        let file = if is_head { fitted.head_file(&encoder, storage) } else { fitted.model(&encoder, storage) };
        file.map(|file| file.to_vec()).map_err(message)
    });
    leave(file)
}

/// Leaves the result or the message of an error, and says which.
fn leave(outcome: Result<Vec<u8>, String>) -> bool {
    let succeeded = outcome.is_ok();
    RESULT.set(outcome.unwrap_or_else(String::into_bytes));
    succeeded
}

/// An error as its message.
fn message(error: impl Display) -> String {
    error.to_string()
}

/// Address of what the last call left; it stays until the next one.
#[unsafe(no_mangle)]
pub extern "C" fn albert_result() -> *const u8 {
    RESULT.with_borrow(|result| result.as_ptr())
}

/// Its bytes.
#[unsafe(no_mangle)]
pub extern "C" fn albert_result_bytes() -> usize {
    RESULT.with_borrow(Vec::len)
}
