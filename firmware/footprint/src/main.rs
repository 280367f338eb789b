#![no_std]
#![no_main]
//! The core with a classifier, and nothing around it.
//!
//! The panic handler calls a function that does not exist, so this program links only when the optimizer has proved that no
//! panic can be reached from [`classify`]. It is not run; `cargo xtask size` measures it.

use albert_core::{Input, Model, Plan, Session};
use core::panic::PanicInfo;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn a_panic_can_be_reached() -> !;
    }
    // SAFETY: never linked.
    unsafe { a_panic_can_be_reached() }
}

/// Index of the largest logit for `ids`, or the number of the step that failed.
///
/// # Safety
/// Each pointer leads to as many elements as the number after it says, and the arena is used by nobody else.
#[unsafe(export_name = "_start")]
pub unsafe extern "C" fn classify(
    file: *const u8,
    file_bytes: usize,
    arena: *mut u8,
    arena_bytes: usize,
    ids: *const u32,
    tokens: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let (file, arena, ids) = unsafe {
        (
            core::slice::from_raw_parts(file, file_bytes),
            core::slice::from_raw_parts_mut(arena, arena_bytes),
            core::slice::from_raw_parts(ids, tokens),
        )
    };
    let Ok(model) = Model::from_bytes(file) else { return -1 };
    let plan = Plan::new(model.config(), tokens);
    let Ok(mut session) = Session::new(&model, plan, arena) else { return -2 };
    let Ok(output) = session.run(&Input::new(ids)) else { return -3 };
    albert_core::heads::argmax(output.logits()).map_or(-4, |index| index as i32)
}
