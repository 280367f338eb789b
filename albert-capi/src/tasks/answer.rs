//! The shape of every function that can fail.

use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{Failure, albert_error};
use crate::memory::report;
use crate::status::albert_status;

/// The body of a function: `?` in it ends the call with that error, its end means `ALBERT_STATUS_OK`. `error` is where the
/// caller wants the error object, or null.
///
/// The body is unsafe code over the caller's pointers; the header states what they must be.
macro_rules! call {
    ($error:expr, $body:block) => {{
        let work = || {
            // SAFETY: the caller's pointers, as the header says.
            unsafe { $body };
            Ok(())
        };
        // SAFETY: as above.
        unsafe { $crate::tasks::answer::answer(work, $error) }
    }};
}

pub(super) use call;

/// Does the work, turns its result into a status and, where that is wanted, an error object.
///
/// # Safety
/// `error` is null, misaligned or valid for writing.
pub(super) unsafe fn answer(
    work: impl FnOnce() -> Result<(), Failure>,
    error: *mut *mut albert_error,
) -> albert_status {
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Failure::panicked(&*panic)));
    let (status, object) = match result {
        Ok(()) => (albert_status::Ok, None),
        Err(failure) => (failure.status(), (!error.is_null()).then(|| Box::new(albert_error::new(failure)))),
    };
    // SAFETY: the caller's promise. A misaligned place gets nothing, and the object is not leaked.
    unsafe {
        if error.is_aligned() {
            report(error, object.map_or(core::ptr::null_mut(), Box::into_raw));
        }
    }
    status
}
