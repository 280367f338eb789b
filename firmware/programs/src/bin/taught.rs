#![no_std]
#![no_main]
//! Commands that are taught on the device, over its serial line, and known again after a reset.
//!
//! `learn 2 TEXT` teaches label 2 an example, `forget 2` forgets it, `ask TEXT` answers with the nearest label, `off` stores what was
//! learned and ends.

use albert_core::heads::Prototypes;
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Progress, Session};
use board::{Counter, entry, exit, hex, line, line_in, number, read_file, text, write_file};
use core::ffi::CStr;
use programs::{ARENA, MODEL, PLAN, print_measured, print_memory};
use spin::Mutex;

const LABELS: usize = 10;
const WIDTH: usize = MODEL.config.hidden_size as usize;
const BYTES: usize = Prototypes::bytes(LABELS, WIDTH);
/// Where the learned survives.
const FLASH: &CStr = c"taught.bin";
/// Longest line.
const LINE: usize = 256;

static MEMORY: Mutex<[u8; BYTES]> = Mutex::new([0; BYTES]);
static BUFFER: Mutex<[u8; LINE]> = Mutex::new([0; LINE]);

#[entry]
fn main() -> ! {
    let done = run();
    print_memory(&PLAN);
    print_measured("prototypes", BYTES as u64, " bytes");
    exit(done.is_some())
}

fn run() -> Option<()> {
    // Not ok()?: what is moved once more has two places on the stack.
    let Ok(model) = Model::from_bytes(MODEL.bytes) else { return None };
    let mut counter = Counter::start()?;
    let (mut arena, mut memory, mut buffer) = (ARENA.try_lock()?, MEMORY.try_lock()?, BUFFER.try_lock()?);
    let Ok(mut session) = Session::new(&model, PLAN, &mut arena.0) else { return None };
    let is_kept = read_file(FLASH, &mut *memory) && Prototypes::restore(&mut *memory, LABELS, WIDTH).is_ok();
    let mut taught = match is_kept {
        true => Prototypes::restore(&mut *memory, LABELS, WIDTH).ok()?,
        false => Prototypes::new(&mut *memory, LABELS, WIDTH).ok()?,
    };
    line(if is_kept { "restored" } else { "new" });
    loop {
        let command = line_in(&mut *buffer)?;
        if command == "off" {
            return write_file(FLASH, taught.store()).then_some(());
        } else if let Some(label) = command.strip_prefix("forget ") {
            taught.forget(label.parse().ok()?).ok()?;
        } else if let Some((label, example)) = command.strip_prefix("learn ").and_then(|rest| rest.split_once(' ')) {
            let label = label.parse().ok()?;
            let embedding = embed(&mut session, example)?;
            counter.lap();
            taught.add(label, embedding).ok()?;
            print_measured("addition", counter.lap(), " instructions");
            number(label as u64);
            text(": ");
            number(taught.examples(label).into());
            line(" examples");
        } else if let Some(question) = command.strip_prefix("ask ") {
            let embedding = embed(&mut session, question)?;
            counter.lap();
            let nearest = taught.nearest(embedding).ok()?;
            print_measured("look-up", counter.lap(), " instructions");
            text(question);
            text(": ");
            if let Some(nearest) = nearest {
                number(nearest.label as u64);
                text(" ");
                hex(nearest.cosine.to_bits());
            }
            line("");
        }
    }
}

/// The pooled vector of a text.
fn embed<'s>(session: &'s mut Session<'_, '_>, sentence: &str) -> Option<&'s [f32]> {
    session.start_text(sentence, None, &EncodeOptions::default()).ok()?;
    while session.step() == Progress::Running {}
    session.output()?.pooled()
}
