//! `albert compare`: how two model files differ.

use std::path::Path;

use albert_edge::Model;
use albert_report::{Report, Subject, page};

use super::measures::{self, Named};
use crate::args::Compare;
use crate::console::Console;
use crate::error::{Outcome, Result};
use crate::explain::open_verified;
use crate::output::Output;
use crate::rows::Rows;

pub(super) fn run(args: &Compare) -> Result<Outcome> {
    let inputs: Vec<&Path> = [Some(&args.reference), Some(&args.model), args.data.as_ref()]
        .into_iter()
        .flatten()
        .map(AsRef::as_ref)
        .collect();
    let page_file = args.report.as_deref().map(|path| Output::new(path, &inputs)).transpose()?;
    if let Some(data) = &args.data {
        Rows::check_file(data, &args.columns)?;
    }
    let (reference, model) = (open_verified(&args.reference)?, open_verified(&args.model)?);
    let [reference_name, model_name] = [&args.reference, &args.model].map(|path| name(path));
    let report = measures::report(
        Subject::Files,
        Named { name: &reference_name, model: &reference },
        Named { name: &model_name, model: &model },
        args.data.as_deref(),
        &args.columns,
        args.isa.kernels,
    )?;
    if let Some(file) = &page_file {
        file.write(page(&report).as_bytes())?;
    }
    let mut output = Console::new();
    if args.json {
        output.json(&report)?
    } else {
        print(&mut output, &report, &reference, &model)?
    }
    output.flush()?;
    Ok(Outcome::Passed)
}

/// The file's own name.
fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn print(output: &mut Console, report: &Report, reference: &Model, model: &Model) -> Result<()> {
    output.line(format_args!("{:12} {:>12} {:>12}  bytes", "part", "A", "B"))?;
    let parts = report.reference_sizes.parts().into_iter().zip(report.sizes.parts());
    let total = [report.reference_sizes.total(), report.sizes.total()];
    for (name, a, b) in parts.map(|((name, a), (_, b))| (name, a, b)).chain([("all", total[0], total[1])]) {
        output.line(format_args!("{name:12} {a:>12} {b:>12}"))?;
    }
    let differing: Vec<_> =
        report.tensors.iter().filter_map(|tensor| Some((tensor.difference.as_ref()?.snr_db?, tensor))).collect();
    output.line("")?;
    let own: Vec<_> = report.tensors.iter().filter(|tensor| tensor.difference.is_none()).collect();
    let all = report.tensors.len();
    output.line(format_args!("{} of {all} tensors of B differ from A's", differing.len()))?;
    for (snr, tensor) in &differing {
        output.line(format_args!("{:72} {:5} {snr:>7.1} dB", tensor.name, tensor.dtype))?;
    }
    if !own.is_empty() {
        output.line(format_args!("{} of {all} are B's alone: A has none of their name and shape", own.len()))?;
    }
    for tensor in own {
        output.line(format_args!("{:72} {:5}", tensor.name, tensor.dtype))?;
    }
    output.line("")?;
    let Some(measured) = &report.measures else {
        let [a, b] = [reference, model].map(|model| model.config().vocab_size);
        return output.line(format_args!("vocabularies of {a} and {b}: the models cannot read the same ids"));
    };
    measures::print(output, report)?;
    if !measured.depths.is_empty() {
        output.line("")?;
        output.line(format_args!(
            "{:>6} {:>14} {:>12} {:>12} {:>12}",
            "layers", "relative error", "mean cosine", "1 %", "0.1 %"
        ))?;
        for depth in &measured.depths {
            output.line(format_args!(
                "{:>6} {:>14.6} {:>12.6} {:>12.6} {:>12.6}",
                depth.layers,
                depth.relative_error,
                depth.cosines.cosine_mean,
                depth.cosines.cosine_p1,
                depth.cosines.cosine_p01
            ))?;
        }
    }
    Ok(())
}
