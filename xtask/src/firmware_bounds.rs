//! What programs for boards may take of RAM, and the model that they run.

use albert_core::{format::EmbeddedModel, include_model};

/// Most bytes of stack, the program's own included.
pub(crate) const STACK_BOUND: u64 = 4096;
/// The same on Armv6-M, whose functions save more: half of its registers hold no operands.
pub(crate) const STACK_BOUND_ARMV6M: u64 = 4928;
/// Largest part of RAM beside the arena and the stack, in bytes.
const STATICS_BESIDE_ARENA: u64 = 1024;

/// The model of every program.
pub(crate) const MODEL: EmbeddedModel = include_model!("../../models/clinc-intents-int8.albert");

/// A number that a program prints.
pub(crate) fn measure(printed: &str, name: &str) -> Result<u64, String> {
    let line = printed.lines().find_map(|line| line.strip_prefix(&format!("# {name}: ")));
    let number = line.and_then(|line| line.split(' ').next()?.parse().ok());
    number.ok_or_else(|| format!("the program does not print its {name}"))
}

/// Stack and statics stay within their bounds; statics beside the arena may have `own` bytes more.
pub(crate) fn bounds(printed: &str, own: u64, most_stack: u64) -> Result<(), String> {
    let (stack, statics) = (measure(printed, "stack")?, measure(printed, "statics")?);
    let arena = measure(printed, "arena by the plan")?;
    if stack > most_stack {
        return Err(format!("{stack} bytes of stack; at most {most_stack} are allowed"));
    }
    if statics < arena || statics > arena + own + STATICS_BESIDE_ARENA {
        return Err(format!("{statics} bytes of statics for an arena of {arena}"));
    }
    Ok(())
}
