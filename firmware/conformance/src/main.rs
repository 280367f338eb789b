#![no_std]
#![no_main]
//! Every kernel of the set for this core against the scalar set, bit for bit, and the instructions that each takes.

mod checks;
mod random;

use albert_core::kernels::{Kernels, detect};
use board::{Counter, entry, exit, line, number, text};
use checks::{Check, Pair};

#[entry]
fn main() -> ! {
    let set = detect();
    let same = set.name() != Kernels::SCALAR.name() && Counter::start().is_some_and(|counter| run(set, counter));
    exit(same)
}

fn run(set: Kernels, counter: Counter) -> bool {
    let mut pair = Pair::new(set, counter);
    let mut all = true;
    for Check { name, run, unit } in checks::ALL {
        let outcome = run(&mut pair);
        text(name);
        text(if outcome.differing == 0 { ": same bits in " } else { ": DIFFERS in " });
        number(if outcome.differing == 0 { outcome.calls } else { outcome.differing }.into());
        line(" calls");
        text("# ");
        text(name);
        text(", instructions for ");
        text(unit);
        text(": scalar ");
        number(outcome.scalar);
        text(", ");
        text(set.name());
        text(" ");
        number(outcome.set);
        line("");
        all &= outcome.differing == 0;
    }
    all
}
