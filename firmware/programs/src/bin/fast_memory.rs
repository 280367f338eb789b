#![no_std]
#![no_main]
//! As `text_to_intent` with the best kernels, the busiest part of the arena in tightly coupled memory.

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Arena, Model, Session};
use board::{entry, exit};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use programs::{MODEL, TEXTS, WIDE_ARENA, WIDE_PLAN, print_memory, print_result};

/// Memory that `main` initializes.
struct Fast(UnsafeCell<MaybeUninit<Arena<{ WIDE_PLAN.fast_bytes() }>>>);

// SAFETY: `main` alone takes it, once.
unsafe impl Sync for Fast {}

#[unsafe(link_section = ".dtcm")]
static FAST: Fast = Fast(UnsafeCell::new(MaybeUninit::uninit()));

#[entry]
fn main() -> ! {
    // SAFETY: this is the only reference, and zeros are an arena.
    let fast = unsafe {
        let fast = &mut *FAST.0.get();
        fast.as_mut_ptr().write_bytes(0, 1);
        fast.assume_init_mut()
    };
    let done = run(&mut fast.0);
    print_memory(&WIDE_PLAN);
    exit(done.is_some())
}

fn run(fast: &mut [u8]) -> Option<()> {
    let model = Model::from_bytes(MODEL.bytes).ok()?;
    let mut arena = WIDE_ARENA.try_lock()?;
    let mut session = Session::new(&model, WIDE_PLAN, &mut arena.0).ok()?;
    session.set_fast_memory(fast).ok()?;
    for sentence in TEXTS {
        let output = session.run_text(sentence, None, &EncodeOptions::default()).ok()?;
        print_result(&model, sentence, output.logits()).then_some(())?;
    }
    Some(())
}
