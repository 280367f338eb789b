#![no_std]
#![no_main]
//! Text to intent, one call after another, with the scalar kernels and the best that the CPU has.

use albert_core::kernels::{Kernels, detect};
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Progress, Session};
use board::{Counter, entry, exit, line, text};
use programs::{MODEL, TEXTS, WIDE_ARENA, WIDE_PLAN, print_measured, print_memory, print_result};

#[entry]
fn main() -> ! {
    let done = run();
    print_memory(&WIDE_PLAN);
    exit(done.is_some())
}

fn run() -> Option<()> {
    let model = Model::from_bytes(MODEL.bytes).ok()?;
    let mut counter = Counter::start()?;
    let mut arena = WIDE_ARENA.try_lock()?;
    for kernels in [Kernels::SCALAR, detect()] {
        let mut session = Session::with_kernels(&model, WIDE_PLAN, &mut arena.0, kernels).ok()?;
        text("# kernels: ");
        line(kernels.name());
        for sentence in TEXTS {
            counter.lap();
            session.start_text(sentence, None, &EncodeOptions::default()).ok()?;
            let tokenizing = counter.lap();
            let mut network = 0;
            while session.step() == Progress::Running {
                network += counter.lap();
            }
            print_measured("tokenizer", tokenizing, " instructions");
            print_measured("network", network + counter.lap(), " instructions");
            print_result(&model, sentence, session.output()?.logits()).then_some(())?;
        }
    }
    Some(())
}
