//! The shape of every function of the interface.

use crate::memory::report;
use crate::status::{Failure, albert_status};

/// The body of a function: `?` in it ends the call with that status, its end means `ALBERT_STATUS_OK`. With a `detail` argument
/// before it, the number that goes with the status is written there.
///
/// The body is unsafe code over the caller's pointers; the header states what they must be.
macro_rules! call {
    ($body:block) => {
        $crate::call::call!(core::ptr::null_mut(), $body)
    };
    ($detail:expr, $body:block) => {{
        let work = || {
            // SAFETY: the caller's pointers, as the header says.
            unsafe { $body };
            Ok(())
        };
        // SAFETY: as above.
        unsafe { $crate::call::answer(work(), $detail) }
    }};
}

pub(crate) use call;

/// Turns a result into a status; writes the number that goes with it.
///
/// # Safety
/// `detail` is null, misaligned or valid for writing.
pub(crate) unsafe fn answer(result: Result<(), Failure>, detail: *mut u64) -> albert_status {
    let Failure(status, number) = result.err().unwrap_or(Failure(albert_status::Ok, 0));
    // SAFETY: the caller's promise.
    unsafe { report(detail, number) };
    status
}
