#![no_std]
#![no_main]
//! One inference, during which `cargo xtask firmware` has the emulator count what is read of the model. It is called with the number of
//! tile rows and that of the text.

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Plan, Session};
use board::{Counter, arguments, entry, exit};
use programs::{MODEL, PLAN, TEXTS, WIDEST_ARENA, print_measured, print_result};

#[entry]
fn main() -> ! {
    exit(run().is_some())
}

fn run() -> Option<()> {
    let [rows, text] = arguments();
    let plan = PLAN.with_tile_rows(rows);
    print_measured("arena by the plan", plan.arena_bytes() as u64, " bytes");
    infer(plan, TEXTS.get(text)?)
}

fn infer(plan: Plan, text: &str) -> Option<()> {
    let model = Model::from_bytes(MODEL.bytes).ok()?;
    let mut arena = WIDEST_ARENA.try_lock()?;
    let Ok(mut session) = Session::new(&model, plan, arena.0.get_mut(..plan.arena_bytes())?) else { return None };
    let mut counter = Counter::start()?;
    let output = session.run_text(text, None, &EncodeOptions::default()).ok()?;
    print_measured("inference", counter.lap(), " instructions");
    print_result(&model, text, output.logits()).then_some(())
}
