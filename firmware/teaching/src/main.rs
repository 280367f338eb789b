#![no_std]
#![no_main]
//! Commands that are taught on the device: three sentences each, over the semihosting console, kept over a reset and recognized
//! after it.
//!
//! Lines that come in: `+N SENTENCE` teaches command N, `!` resets the board, `?SENTENCE` asks, `.` ends the program. The prototypes lie in memory that the start-up code leaves alone; a product would keep the same bytes in flash.

use albert_core::heads::Prototypes;
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Progress, Session};
use board::{Counter, entry, exit, hex, line, number, read_line, reset, text};
use programs::{ARENA, MODEL, PLAN, print_measured, print_memory};

/// Commands that there is memory for.
const COMMANDS: usize = 10;
/// Width of the vector that the model's classifier reads.
const WIDTH: usize = MODEL.config.hidden_size as usize;
const BYTES: usize = Prototypes::bytes(COMMANDS, WIDTH);

/// Survives a reset.
#[unsafe(link_section = ".uninit.prototypes")]
static mut KEPT: [u8; BYTES] = [0; BYTES];

#[entry]
fn main() -> ! {
    // SAFETY: taken here alone, once. Whatever the bytes are after a reset, they are bytes; the optimizer does not see where they come
    // from.
    let kept = unsafe { &mut *core::hint::black_box(&raw mut KEPT) };
    let done = run(kept);
    print_memory();
    print_measured("prototypes", BYTES as u64, " bytes");
    exit(done.is_some())
}

fn run(kept: &mut [u8; BYTES]) -> Option<()> {
    let model = Model::from_bytes(MODEL.bytes).ok()?;
    let mut counter = Counter::start()?;
    let mut arena = ARENA.try_lock()?;
    let mut session = Session::new(&model, PLAN, &mut arena.0).ok()?;
    let restored = Prototypes::restore(kept, COMMANDS, WIDTH).is_ok();
    line(if restored { "commands restored" } else { "nothing taught yet" });
    let prototypes = match restored {
        true => Prototypes::restore(kept, COMMANDS, WIDTH),
        false => Prototypes::new(kept, COMMANDS, WIDTH),
    };
    let mut prototypes = prototypes.ok()?;
    let mut buffer = [0; 128];
    while let Some(input) = read_line(&mut buffer) {
        if input == "." {
            break;
        }
        if input == "!" {
            prototypes.store();
            line("reset");
            reset();
        }
        let (command, sentence) = match (input.strip_prefix('+'), input.strip_prefix('?')) {
            (Some(rest), _) => (Some(usize::from(rest.bytes().next()?.wrapping_sub(b'0'))), rest.get(2..)?),
            (_, Some(sentence)) => (None, sentence),
            _ => continue,
        };
        session.start_text(sentence, None, &EncodeOptions::default()).ok()?;
        while session.step() == Progress::Running {}
        let embedding = session.output()?.pooled()?;
        counter.lap();
        if let Some(command) = command {
            let added = prototypes.add(command, embedding);
            print_measured("add", counter.lap(), " instructions");
            added.ok()?;
            text("taught ");
            number(command as u64);
        } else {
            let nearest = prototypes.nearest(embedding);
            print_measured("nearest", counter.lap(), " instructions");
            let nearest = nearest.ok()??;
            text("command ");
            number(nearest.label as u64);
            text(" ");
            hex(nearest.cosine.to_bits());
        }
        text(": ");
        line(sentence);
    }
    Some(())
}
