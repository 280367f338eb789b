//! `albert synth`: random weights in a known geometry.

use albert_quant::Options;

use super::quantize::Progress;
use crate::args::Synth;
use crate::console::Console;
use crate::error::{Error, Outcome, Result};
use crate::output::Output;

pub(super) fn run(args: &Synth) -> Result<Outcome> {
    let file = Output::new(&args.output, &[])?;
    let progress = Progress::new();
    let show = |step| progress.show(step);
    let mut options = Options::default();
    options.weights = args.weights;
    options.progress = &show;
    let converted = albert_quant::synth(args.geometry, args.head, args.seed, &options).map_err(Error::new)?;
    progress.end();
    file.write(&converted.bytes)?;
    let mut output = Console::new();
    output.line(format_args!("{}: {} bytes", args.output.display(), converted.bytes.len()))?;
    output.flush()?;
    Ok(Outcome::Passed)
}
