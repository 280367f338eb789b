//! `albert synth`: random weights in a known geometry.

use albert_quant::Options;

use super::quantize::{Progress, write};
use crate::args::Synth;
use crate::error::{Error, Outcome, Result};
use crate::output::Output;

pub(super) fn run(args: &Synth) -> Result<Outcome> {
    let progress = Progress::new();
    let show = |step| progress.show(step);
    let mut options = Options::default();
    options.weights = args.weights;
    options.progress = &show;
    let converted = albert_quant::synth(args.geometry, args.head, args.seed, &options).map_err(Error::new)?;
    progress.end();
    write(&args.output, &converted.bytes)?;
    let mut output = Output::new();
    output.line(format_args!("{}: {} bytes", args.output.display(), converted.bytes.len()))?;
    output.flush()?;
    Ok(Outcome::Passed)
}
