#![no_std]
#![no_main]
//! The same on an embassy executor: the inference awaits between its steps, and another task runs then.

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Progress, Session};
use board::{exit, line, number, text};
use core::sync::atomic::{AtomicU32, Ordering};
use embassy_executor::Spawner;
use embassy_futures::yield_now;
use programs::{ARENA, MODEL, PLAN, TEXTS, print_memory, print_result};

/// Rounds of the other task.
static ROUNDS: AtomicU32 = AtomicU32::new(0);

/// The other task: whatever a device does besides.
#[embassy_executor::task]
async fn other() {
    loop {
        ROUNDS.store(ROUNDS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        yield_now().await;
    }
}

/// Runs an inference to its end; other tasks run between its steps.
async fn finish(session: &mut Session<'_, '_>) -> u32 {
    let mut steps = 1;
    while session.step() == Progress::Running {
        yield_now().await;
        steps += 1;
    }
    steps
}

async fn classify() -> Option<()> {
    let mut arena = ARENA.try_lock()?;
    let mut session = Session::new(&Model::from_bytes(MODEL.bytes).ok()?, PLAN, &mut arena.0).ok()?;
    for sentence in TEXTS {
        let before = ROUNDS.load(Ordering::Relaxed);
        session.start_text(sentence, None, &EncodeOptions::default()).ok()?;
        let steps = finish(&mut session).await;
        // What lives from one await to the next is a part of the task; the session has the model, too.
        let model = *session.model();
        print_result(&model, sentence, session.output()?.logits()).then_some(())?;
        text("steps: ");
        number(steps.into());
        text(", rounds of the other task: ");
        number(ROUNDS.load(Ordering::Relaxed).wrapping_sub(before).into());
        line("");
    }
    Some(())
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let spawned = other().map(|task| spawner.spawn(task)).is_ok();
    let done = classify().await;
    print_memory(&PLAN);
    exit(spawned && done.is_some())
}
