//! Requests that come one by one and are not in memory together.

use core::ffi::c_void;
use core::ops::ControlFlow;
use core::ptr::null_mut;
use std::boxed::Box;
use std::sync::{Mutex, PoisonError};

use albert_edge::{Error, Request};

use super::answer::call;
use super::error::{Failure, albert_error};
use super::pipeline::{albert_pipeline, albert_watch, watched};
use super::request::{albert_request, read_request};
use super::result::albert_result;
use crate::memory::{optional, value};
use crate::status::albert_status;

/// Where requests come from, and where results go. Each function is called from one thread at a time, not always the same; both
/// may be called at once.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_stream {
    /// Fills in the next request, which is all zeros before, or returns false at the end. What the request points to must stay
    /// until the next call of this function, or until the stream ends.
    pub next: Option<unsafe extern "C" fn(context: *mut c_void, request: *mut albert_request) -> bool>,
    /// Takes the answer to request `row` (from 0), in the order of the requests: a result of one row, which the caller frees, or
    /// null and an error, which is valid during the call. Returning false ends the stream with ALBERT_STATUS_CANCELLED.
    pub take: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            row: usize,
            result: *mut albert_result,
            failed: *const albert_error,
        ) -> bool,
    >,
    /// Whatever the functions need.
    pub context: *mut c_void,
}

// SAFETY: the context goes to the caller's own functions alone, which the header says are called from several threads.
unsafe impl Send for albert_stream {}
// SAFETY: as above.
unsafe impl Sync for albert_stream {}

impl albert_stream {
    fn request(&self, to: &mut albert_request) -> bool {
        // SAFETY: the caller's function, as the header says.
        self.next.is_some_and(|next| unsafe { next(self.context, to) })
    }

    fn answer(&self, row: usize, result: *mut albert_result, failed: *const albert_error) -> bool {
        // SAFETY: as above.
        self.take.is_some_and(|take| unsafe { take(self.context, row, result, failed) })
    }
}

/// Runs requests as they come, on all threads, with bounded memory: at most 16 requests for each thread are in progress.
///
/// A request that fails is an answer of `take`'s, and the stream goes on. One that cannot be read, such as text that is not
/// UTF-8, ends it after the answers to those before: albert_error_row tells which. `watch` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_pipeline_run_each(
    pipeline: *const albert_pipeline,
    stream: *const albert_stream,
    watch: *const albert_watch,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (pipeline, stream, watch) = (value(pipeline)?, *value(stream)?, optional(watch)?);
        if stream.next.is_none() || stream.take.is_none() {
            return Err(albert_status::NullPointer.into());
        }
        let unread = Mutex::new(None);
        let mut row = 0;
        let take = |answer: Result<_, Error>| {
            let (result, failed) = match answer {
                Ok(response) => (Box::into_raw(Box::new(albert_result::new([response].into()))), None),
                // The whole stream is.
                Err(Error::Cancelled) => return ControlFlow::Break(()),
                Err(error) => (null_mut(), Some(albert_error::new(error.into()))),
            };
            let failed = failed.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
            let proceeds = stream.answer(row, result, failed);
            row += 1;
            if proceeds { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let requests = Requests { stream, row: 0, unread: &unread };
        watched(pipeline, watch).run_each(requests, take)?;
        if let Some(failure) = unread.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(failure);
        }
    })
}

/// The requests of a stream up to one that cannot be read.
struct Requests<'f> {
    stream: albert_stream,
    row: usize,
    unread: &'f Mutex<Option<Failure>>,
}

impl Iterator for Requests<'_> {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let mut from = albert_request::NONE;
        if !self.stream.request(&mut from) {
            return None;
        }
        // SAFETY: what the caller wrote is as the header says.
        match unsafe { read_request(&from) } {
            Ok(request) => {
                self.row += 1;
                Some(request)
            }
            Err(failure) => {
                *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.in_row(self.row));
                None
            }
        }
    }
}
