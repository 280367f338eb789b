#![no_std]
#![no_main]
//! Text to label: what a typical device calls.

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Plan, Session, heads::argmax};
use footprint as _;

/// Label of a text of at most 64 tokens; a negative number says which step failed.
///
/// # Safety
/// Each pointer leads to as many bytes as the number after it says, and the arena is used by nobody else.
#[unsafe(export_name = "_start")]
pub unsafe extern "C" fn classify(
    file: *const u8,
    file_bytes: usize,
    arena: *mut u8,
    arena_bytes: usize,
    text: *const u8,
    text_bytes: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let (file, arena, text) = unsafe {
        (
            core::slice::from_raw_parts(file, file_bytes),
            core::slice::from_raw_parts_mut(arena, arena_bytes),
            core::slice::from_raw_parts(text, text_bytes),
        )
    };
    let Ok(text) = core::str::from_utf8(text) else { return -1 };
    let Ok(model) = Model::from_bytes(file) else { return -2 };
    let Ok(mut session) = Session::new(&model, Plan::new(model.config(), 64), arena) else { return -3 };
    if session.start_text(text, None, &EncodeOptions::default()).is_err() {
        return -4;
    }
    while session.step() == albert_core::Progress::Running {}
    let best = session.output().and_then(|output| argmax(output.logits()));
    best.map_or(-5, |index| index as i32)
}
