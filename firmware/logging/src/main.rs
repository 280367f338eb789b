#![no_std]
#![no_main]
//! The same with a log: configuration, progress and errors go out as defmt frames, which a host decodes with the image at
//! hand. Here a frame is printed as it is, in hexadecimal.

mod logger;

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Input, Model, Progress, Session};
use board::{entry, exit};
use programs::{ARENA, MODEL, PLAN, TEXTS, print_memory, print_result};

#[entry]
fn main() -> ! {
    let done = run();
    print_memory(&PLAN);
    exit(done.is_some())
}

fn run() -> Option<()> {
    let model = Model::from_bytes(MODEL.bytes).map_err(|error| defmt::error!("model: {}", error)).ok()?;
    defmt::info!("{}", model.config());
    if let Err(error) = Model::from_bytes(MODEL.bytes.get(1..)?) {
        defmt::warn!("a file that is cut: {}", error);
    }
    let mut arena = ARENA.try_lock()?;
    let mut session =
        Session::new(&model, PLAN, &mut arena.0).map_err(|error| defmt::error!("session: {}", error)).ok()?;
    if let Err(error) = session.start(&Input::new(&[2, 100_000, 3])) {
        defmt::warn!("an id that is not there: {}", error);
    }
    for text in TEXTS {
        session
            .start_text(text, None, &EncodeOptions::default())
            .map_err(|error| defmt::error!("text: {}", error))
            .ok()?;
        let (mut progress, mut steps) = (Progress::Running, 0u32);
        while progress == Progress::Running {
            progress = session.step();
            steps += 1;
        }
        defmt::info!("{} after {} steps", progress, steps);
        print_result(&model, text, session.output()?.logits()).then_some(())?;
    }
    Some(())
}
