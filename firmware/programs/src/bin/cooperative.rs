#![no_std]
#![no_main]
//! The same, cooperatively: a main loop feeds the watchdog, serves another task, and does one step of the inference.

use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Progress, Session};
use board::{Counter, entry, exit, line, number, text};
use heapless::Deque;
use programs::{ARENA, MODEL, PLAN, TEXTS, print_measured, print_memory, print_result};

/// A device that must hear of the program again and again; here it only counts.
#[derive(Default)]
struct Watchdog {
    fed: u32,
}

impl Watchdog {
    fn feed(&mut self) {
        self.fed += 1;
    }
}

/// The other task: samples of a sensor, of which it keeps the latest.
#[derive(Default)]
struct Sampler {
    latest: Deque<u32, 8>,
    taken: u32,
}

impl Sampler {
    fn serve(&mut self) {
        if self.latest.is_full() {
            self.latest.pop_front();
        }
        // There is room: the oldest has just gone.
        let _ = self.latest.push_back(self.taken);
        self.taken += 1;
    }
}

#[entry]
fn main() -> ! {
    let done = run();
    print_memory(&PLAN);
    exit(done.is_some())
}

fn run() -> Option<()> {
    let model = Model::from_bytes(MODEL.bytes).ok()?;
    let mut counter = Counter::start()?;
    let mut arena = ARENA.try_lock()?;
    let mut session = Session::new(&model, PLAN, &mut arena.0).ok()?;
    let (mut watchdog, mut sampler) = (Watchdog::default(), Sampler::default());
    for sentence in TEXTS {
        counter.lap();
        session.start_text(sentence, None, &EncodeOptions::default()).ok()?;
        let mut longest = counter.lap();
        loop {
            watchdog.feed();
            sampler.serve();
            let progress = session.step();
            longest = longest.max(counter.lap());
            if progress == Progress::Done {
                break;
            }
        }
        print_measured("longest time between yields", longest, " instructions");
        print_result(&model, sentence, session.output()?.logits()).then_some(())?;
    }
    let (oldest, taken) = (sampler.latest.front().copied()?, sampler.taken);
    text("steps: ");
    number(watchdog.fed.into());
    text(", samples kept from ");
    number(oldest.into());
    text(" on, of ");
    number(taken.into());
    line("");
    Some(())
}
