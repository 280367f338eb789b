#![no_std]
#![no_main]
//! A text in, a label out: the application of every board here.

use albert_core::format::EmbeddedModel;
use albert_core::heads::argmax;
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Arena, Model, Plan, Session, include_model};
use cortex_m_rt::entry;
use semihosting::{println, process};
use spin::Mutex;

/// The model, in flash: the file that `.cargo/config.toml` names. Its configuration is read while this is compiled.
const MODEL: EmbeddedModel = include_model!(env!("MODEL"));
/// Texts of up to 32 tokens, eight rows at a time.
const PLAN: Plan = Plan::new(&MODEL.config, 32).with_tile_rows(8);
/// All the memory that an inference needs: a static, so that the linker says whether it fits.
static ARENA: Mutex<Arena<{ PLAN.arena_bytes() }>> = Mutex::new(Arena::new());

#[entry]
fn main() -> ! {
    let model = Model::from_bytes(MODEL.bytes).expect("a valid model file");
    let mut arena = ARENA.lock();
    let mut session = Session::new(&model, PLAN, &mut arena.0).expect("the planned arena");
    let text = "please set an alarm for seven";
    let output = session.run_text(text, None, &EncodeOptions::default()).expect("at most 32 tokens");
    let best = argmax(output.logits()).expect("a classifier");
    println!("{text}: {}", model.label(best).unwrap_or("?"));
    process::exit(0)
}
