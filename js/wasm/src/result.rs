//! The one place of results: text of a message or JSON, numbers, or bytes.

use std::cell::RefCell;
use std::fmt::Display;

/// What a call leaves.
#[derive(Default)]
pub(crate) enum Outcome {
    #[default]
    Nothing,
    Text(String),
    Floats(Vec<f32>),
    #[cfg(feature = "every-task")]
    Bytes(Vec<u8>),
}

thread_local! {
    static OUTCOME: RefCell<Outcome> = const { RefCell::new(Outcome::Nothing) };
}

/// Leaves the outcome or the message of an error, and says which.
pub(crate) fn leave(outcome: Result<Outcome, String>) -> bool {
    let succeeded = outcome.is_ok();
    OUTCOME.set(outcome.unwrap_or_else(Outcome::Text));
    succeeded
}

/// The address of what was made, or 0 and the message of the error as the result.
pub(crate) fn handle<T>(made: Result<T, String>) -> *mut T {
    match made {
        Ok(made) => Box::into_raw(Box::new(made)),
        Err(message) => {
            leave(Err(message));
            core::ptr::null_mut()
        }
    }
}

/// An error as its message.
pub(crate) fn message(error: impl Display) -> String {
    error.to_string()
}

/// Address of the result of the last call; it stays until the next one.
#[unsafe(no_mangle)]
pub extern "C" fn albert_result() -> *const u8 {
    OUTCOME.with_borrow(|outcome| match outcome {
        Outcome::Nothing => core::ptr::null(),
        Outcome::Text(text) => text.as_ptr(),
        Outcome::Floats(floats) => floats.as_ptr().cast(),
        #[cfg(feature = "every-task")]
        Outcome::Bytes(bytes) => bytes.as_ptr(),
    })
}

/// Its bytes.
#[unsafe(no_mangle)]
pub extern "C" fn albert_result_bytes() -> usize {
    OUTCOME.with_borrow(|outcome| match outcome {
        Outcome::Nothing => 0,
        Outcome::Text(text) => text.len(),
        Outcome::Floats(floats) => size_of_val(floats.as_slice()),
        #[cfg(feature = "every-task")]
        Outcome::Bytes(bytes) => bytes.len(),
    })
}

/// Whether it is numbers (f32) rather than text.
#[unsafe(no_mangle)]
pub extern "C" fn albert_result_is_floats() -> bool {
    OUTCOME.with_borrow(|outcome| matches!(outcome, Outcome::Floats(_)))
}
