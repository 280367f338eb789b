//! `albert quantize`: a checkpoint to a model file.

use std::cell::OnceCell;
use std::fs;
use std::path::Path;

use albert_quant::{Calibration, Options, Report, Stage};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::args::{Quantize, RowDefaults};
use crate::error::{At, Error, Outcome, Result};
use crate::input::{Numbered, Rows};
use crate::output::Output;
use crate::progress;

/// The converter's progress on a terminal.
#[derive(Debug)]
pub(super) struct Progress(OnceCell<ProgressBar>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(OnceCell::new())
    }

    pub(super) fn show(&self, step: albert_quant::Progress) {
        let bar = self.0.get_or_init(|| progress::bar(step.total as u64));
        bar.set_message(match step.stage {
            Stage::Outliers => "finding outlier channels",
            Stage::Hessians => "calibrating",
            Stage::Quantize => "quantizing",
        });
        bar.set_length(step.total as u64);
        bar.set_position(step.done as u64);
    }

    pub(super) fn end(&self) {
        if let Some(bar) = self.0.get() {
            bar.finish_and_clear();
        }
    }
}

pub(super) fn run(args: &Quantize) -> Result<Outcome> {
    if args.output.is_dir() {
        return Err(Error::new(format_args!("{} is a directory; give a file to write", args.output.display())));
    }
    let sample = args.calibration.as_deref().map(Sample::read).transpose()?;
    let progress = Progress::new();
    let show = |step| progress.show(step);
    let mut options = Options::default();
    options.weights = args.weights;
    options.head = args.head;
    options.calibration = sample.as_ref().map_or(Calibration::BuiltIn, Sample::as_calibration);
    options.progress = &show;
    let converted = albert_quant::convert(&args.checkpoint, &options).map_err(Error::new)?;
    progress.end();
    for warning in &converted.warnings {
        eprintln!("warning: {}", Error::new(warning));
    }
    write(&args.output, &converted.bytes)?;
    print(args, &converted.report)?;
    Ok(Outcome::Passed)
}

/// What `--calibration` names.
enum Sample {
    Texts(Vec<String>),
    Ids(Vec<Vec<u32>>),
    None,
}

impl Sample {
    fn read(path: &Path) -> Result<Self> {
        if path == Path::new("none") {
            return Ok(Self::None);
        }
        let rows = Rows::of_file(path, RowDefaults::default())?;
        let place = rows.place().to_owned();
        let (mut texts, mut ids) = (Vec::new(), Vec::new());
        for Numbered { number, row, .. } in rows {
            let row = row.at(format_args!("{place} {number}"))?;
            match row.input_ids.is_empty() {
                true => texts.push(row.text().at(format_args!("{place} {number}"))?.to_owned()),
                false => ids.push(row.input_ids),
            }
        }
        match (texts.is_empty(), ids.is_empty()) {
            (false, true) => Ok(Self::Texts(texts)),
            (true, false) => Ok(Self::Ids(ids)),
            (true, true) => Err(Error::new(format_args!("{} has no rows", path.display()))),
            (false, false) => Err(Error::new(format_args!("{} has both texts and input_ids", path.display()))),
        }
    }

    fn as_calibration(&self) -> Calibration<'_> {
        match self {
            Self::Texts(texts) => Calibration::Texts(texts),
            Self::Ids(ids) => Calibration::Ids(ids),
            Self::None => Calibration::None,
        }
    }
}

/// Writes a file so that no reader ever sees half of it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let written = fs::write(partial, bytes).and_then(|()| fs::rename(partial, path));
    if written.is_err() {
        // What is left of it is of no use; the first error is the one to report.
        fs::remove_file(partial).unwrap_or_default();
    }
    written.at(format_args!("cannot write {}", path.display()))
}

fn print(args: &Quantize, report: &Report) -> Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        model: String,
        weights: &'a str,
        #[serde(flatten)]
        report: &'a Report,
    }
    let mut output = Output::new();
    let model = args.output.display().to_string();
    if args.json {
        output.json(&Line { model, weights: args.weights.name(), report })?;
    } else {
        let matrices = report.tensors.iter().filter(|tensor| tensor.rows > 1);
        let worst = matrices.max_by(|a, b| a.relative_error.total_cmp(&b.relative_error));
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        output.line(format_args!(
            "{model}: {} weights, {:.2} MB ({:.2} times smaller than the checkpoint's {:.2} MB)",
            args.weights.name(),
            megabytes(report.model_bytes),
            report.checkpoint_bytes as f64 / (report.model_bytes as f64).max(1.0),
            megabytes(report.checkpoint_bytes)
        ))?;
        if let Some(worst) = worst {
            output.line(format_args!(
                "largest relative error of a matrix: {:.5} ({})",
                worst.relative_error, worst.name
            ))?;
        }
    }
    output.flush()
}
