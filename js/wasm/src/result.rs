//! The one place of results: text of a message or JSON, or numbers.

use std::cell::RefCell;
use std::fmt::Display;

#[derive(Default)]
enum Outcome {
    #[default]
    Nothing,
    Text(String),
    Floats(Vec<f32>),
}

thread_local! {
    static OUTCOME: RefCell<Outcome> = const { RefCell::new(Outcome::Nothing) };
}

pub(crate) fn set_text(text: String) {
    OUTCOME.set(Outcome::Text(text));
}

pub(crate) fn set_error(error: &dyn Display) {
    set_text(error.to_string());
}

pub(crate) fn set_floats(floats: &[f32]) {
    OUTCOME.set(Outcome::Floats(floats.to_vec()));
}

/// Address of the result of the last call; it stays until the next one.
#[unsafe(no_mangle)]
pub extern "C" fn albert_result() -> *const u8 {
    OUTCOME.with_borrow(|outcome| match outcome {
        Outcome::Nothing => core::ptr::null(),
        Outcome::Text(text) => text.as_ptr(),
        Outcome::Floats(floats) => floats.as_ptr().cast(),
    })
}

/// Its bytes.
#[unsafe(no_mangle)]
pub extern "C" fn albert_result_bytes() -> usize {
    OUTCOME.with_borrow(|outcome| match outcome {
        Outcome::Nothing => 0,
        Outcome::Text(text) => text.len(),
        Outcome::Floats(floats) => size_of_val(floats.as_slice()),
    })
}

/// Whether it is numbers (f32) rather than text.
#[unsafe(no_mangle)]
pub extern "C" fn albert_result_is_floats() -> bool {
    OUTCOME.with_borrow(|outcome| matches!(outcome, Outcome::Floats(_)))
}
