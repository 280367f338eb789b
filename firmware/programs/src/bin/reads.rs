#![no_std]
#![no_main]
//! One inference, during which `cargo xtask firmware` has the emulator count what is read of the model.

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Session};
use board::{Counter, entry, exit};
use programs::{MODEL, TEXTS, WIDE_ARENA, WIDE_PLAN, print_memory, print_result};

#[entry]
fn main() -> ! {
    let done = run();
    print_memory(&WIDE_PLAN);
    exit(done.is_some())
}

fn run() -> Option<()> {
    let model = Model::from_bytes(MODEL.bytes).ok()?;
    // Watches the stack, too.
    let _ = Counter::start()?;
    let mut arena = WIDE_ARENA.try_lock()?;
    let Ok(mut session) = Session::new(&model, WIDE_PLAN, &mut arena.0) else { return None };
    let [text, _] = TEXTS;
    let output = session.run_text(text, None, &EncodeOptions::default()).ok()?;
    print_result(&model, text, output.logits()).then_some(())
}
