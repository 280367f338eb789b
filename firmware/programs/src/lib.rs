#![no_std]
//! What the programs share: the model in flash, the arena, and how a result is printed.

use albert_core::format::EmbeddedModel;
use albert_core::heads::argmax;
use albert_core::{Arena, Model, Plan, include_model};
use board::{hex, line, number, text};
use spin::Mutex;

/// The model, in flash.
pub const MODEL: EmbeddedModel = include_model!("../../../models/clinc-intents-int8.albert");
/// Up to 32 tokens; four rows at a time keep the arena small and the steps short.
pub const PLAN: Plan = Plan::new(&MODEL.config, 32).with_tile_rows(4);
/// The same with eight rows at a time: more memory, and the weights of a layer are read half as often.
pub const WIDE_PLAN: Plan = PLAN.with_tile_rows(8);
/// The most rows that are measured.
pub const WIDEST_PLAN: Plan = PLAN.with_tile_rows(16);
/// What the programs classify; `cargo xtask firmware` does the same on the host and compares every bit.
pub const TEXTS: [&str; 2] = ["what is my balance", "please set an alarm for seven in the morning"];

/// The one arena. A session in it can be taken by any task.
pub static ARENA: Mutex<Arena<{ PLAN.arena_bytes() }>> = Mutex::new(Arena::new());
/// The one arena of programs with [`WIDE_PLAN`].
pub static WIDE_ARENA: Mutex<Arena<{ WIDE_PLAN.arena_bytes() }>> = Mutex::new(Arena::new());
/// The one arena of programs with plans of up to as many rows as [`WIDEST_PLAN`].
pub static WIDEST_ARENA: Mutex<Arena<{ WIDEST_PLAN.arena_bytes() }>> = Mutex::new(Arena::new());

/// Prints label and logits of a text; false without logits.
pub fn print_result(model: &Model<'_>, sentence: &str, logits: &[f32]) -> bool {
    let Some(best) = argmax(logits) else { return false };
    text(sentence);
    text(": ");
    line(model.label(best).unwrap_or("?"));
    for row in logits.chunks(8) {
        for logit in row {
            text(" ");
            hex(logit.to_bits());
        }
        line("");
    }
    true
}

/// Prints a measurement; `cargo xtask firmware` shows these lines and compares the others.
pub fn print_measured(what: &str, value: u64, unit: &str) {
    text("# ");
    text(what);
    text(": ");
    number(value);
    line(unit);
}

/// Prints the memory in use by a program with this plan.
pub fn print_memory(plan: &Plan) {
    print_measured("arena by the plan", plan.arena_bytes() as u64, " bytes");
    print_measured("statics", board::data_bytes() as u64, " bytes");
    print_measured("stack", board::stack_used() as u64, " bytes");
}
