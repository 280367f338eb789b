#![no_std]
#![no_main]
//! As `reads` with the weights copied to RAM by DMA while others are multiplied: the core reads none of them in flash.

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Arena, CopyWeights, Model, Session};
use board::{Counter, arguments, dma, entry, exit};
use programs::{MODEL, PLAN, TEXTS, WIDEST_ARENA, print_measured, print_result};
use spin::Mutex;

/// Room for two panels.
static PANELS: Mutex<Arena<{ PLAN.copied_bytes() }>> = Mutex::new(Arena::new());

const _: () = assert!(PLAN.copied_bytes() / 2 <= dma::MOST_BYTES);

/// The board's controller.
struct Dma;

impl CopyWeights for Dma {
    fn copy(&self, from: &[u8], to: &mut [u8], meanwhile: &mut dyn FnMut()) {
        dma::copy(from, to, meanwhile);
    }
}

#[entry]
fn main() -> ! {
    exit(run().is_some())
}

fn run() -> Option<()> {
    let [rows, text] = arguments();
    let (plan, text) = (PLAN.with_tile_rows(rows), TEXTS.get(text)?);
    print_measured("arena by the plan", plan.arena_bytes() as u64, " bytes");
    let model = Model::from_bytes(MODEL.bytes).ok()?;
    let (mut arena, mut panels) = (WIDEST_ARENA.try_lock()?, PANELS.try_lock()?);
    let Ok(mut session) = Session::new(&model, plan, arena.0.get_mut(..plan.arena_bytes())?) else { return None };
    session.copy_weights(&Dma, &mut panels.0);
    let mut counter = Counter::start()?;
    let output = session.run_text(text, None, &EncodeOptions::default()).ok()?;
    print_measured("inference", counter.lap(), " instructions");
    print_result(&model, text, output.logits()).then_some(())
}
