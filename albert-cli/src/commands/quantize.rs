//! `albert quantize`: a checkpoint to a model file.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use albert_core::kernels;
use albert_edge::Model;
use albert_hub::{Hub, RepoId};
use albert_quant::{Calibration, Keep, ModelBytes, Options, Report, Weights};
use albert_report::sizes::{Part, Sizes};
use albert_report::{Subject, page, size_ratio};
use indicatif::ProgressBar;
use serde::Serialize;

use super::measures::{self, Named};
use crate::args::{Columns, Quantize};
use crate::console::{Console, Escaped};
use crate::error::{At, Error, Outcome, Result, warn};
use crate::output::Output;
use crate::progress;
use crate::rows::{Numbered, Rows};

/// The converter's progress on a terminal.
#[derive(Debug)]
pub(super) struct Progress(OnceCell<ProgressBar>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(OnceCell::new())
    }

    pub(super) fn show(&self, step: albert_quant::Progress) {
        let bar = self.0.get_or_init(progress::whole);
        bar.set_message(format!("{} {}/{}", step.stage.name(), step.done, step.total));
        bar.set_position(step.thousandths.into());
    }

    pub(super) fn end(&self) {
        if let Some(bar) = self.0.get() {
            bar.finish_and_clear();
        }
    }
}

/// The tables that `--embeddings` is about.
const EMBEDDINGS: [&str; 2] = ["word_embeddings", "position_embeddings"];

pub(super) fn run(args: &Quantize) -> Result<Outcome> {
    let checkpoint = locate(&args.checkpoint, args.revision.as_deref())?;
    let named = albert_quant::adapter_base(&checkpoint).map_err(Error::new)?;
    let base = named.map(|named| args.base.clone().unwrap_or_else(|| PathBuf::from(named)));
    let base = base.map(|base| locate(&base, None)).transpose()?;
    let outputs = Outputs::new(args, &checkpoint, base.as_deref())?;
    if let Some(data) = &args.data {
        Rows::check_file(data, &args.columns)?;
    }
    let sample = args.calibration.as_deref().map(Sample::read).transpose()?;
    let progress = Progress::new();
    let show = |step| progress.show(step);
    let mut options = Options::default();
    let embeddings =
        args.embeddings.into_iter().flat_map(|format| EMBEDDINGS.map(|name| Keep { name: name.to_owned(), format }));
    // What is said of single matrices comes later and counts more.
    let keep: Vec<Keep> = embeddings.chain(args.keep.iter().cloned()).collect();
    options.weights = args.weights;
    options.keep = &keep;
    options.budget = args.budget;
    options.head = args.head;
    options.calibration = sample.as_ref().map_or(Calibration::BuiltIn, Sample::as_calibration);
    let (choices, texts) = (args.tokenizer.choices(), args.tokenizer.texts()?);
    options.tokenizer = &choices;
    options.vocabulary = args.tokenizer.vocabulary(&texts);
    options.progress = &show;
    if let Some(threads) = args.threads {
        albert_quant::limit_threads(threads);
    }
    options.base = base.as_deref();
    let converted = albert_quant::convert(&checkpoint, &options).map_err(Error::new)?;
    progress.end();
    for warning in &converted.warnings {
        warn(warning);
    }
    outputs.model.write(&converted.bytes)?;
    let cost = match args.report.is_some() || args.data.is_some() {
        true => Some(measure(args, &checkpoint, &options, converted.bytes, &converted.report)?),
        false => None,
    };
    if let (Some(output), Some(cost)) = (&outputs.report, &cost) {
        output.write(page(cost).as_bytes())?;
    }
    print(args, &converted.report, cost.as_ref())?;
    Ok(Outcome::Passed)
}

/// The files to write, checked before the work.
struct Outputs {
    model: Output,
    report: Option<Output>,
}

impl Outputs {
    fn new(args: &Quantize, checkpoint: &Path, base: Option<&Path>) -> Result<Self> {
        let texts = args.tokenizer.vocabulary_from.iter().chain(&args.tokenizer.held_out).map(PathBuf::as_path);
        let files = [Some(checkpoint), base, args.calibration.as_deref(), args.data.as_deref()];
        let inputs: Vec<&Path> = files.into_iter().flatten().chain(texts).collect();
        let folder = if checkpoint.is_dir() { checkpoint } else { checkpoint.parent().unwrap_or(checkpoint) };
        let model = Output::beside_checkpoint(&args.output, &inputs, folder)?;
        let report = args.report.as_deref().map(|path| Output::beside_checkpoint(path, &inputs, folder)).transpose()?;
        if let Some(report) = &report {
            report.check_differs(&model)?;
        }
        Ok(Self { model, report })
    }
}

/// What quantization cost: the model that was just written against the same checkpoint in fp32.
fn measure(
    args: &Quantize,
    checkpoint: &Path,
    options: &Options<'_>,
    bytes: ModelBytes,
    converted: &Report,
) -> Result<albert_report::Report> {
    let mut exact = *options;
    (exact.weights, exact.keep, exact.budget) = (Weights::Fp32, &[], None);
    exact.progress = &|_| {};
    let exact = albert_quant::convert(checkpoint, &exact).map_err(Error::new)?;
    let reference = Model::from_owner(exact.bytes).map_err(Error::new)?;
    let model = Model::from_owner(bytes).map_err(Error::new)?;
    let name = args.output.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let kernels = kernels::detect();
    let (reference, model) =
        (Named { name: "the checkpoint", model: &reference }, Named { name: &name, model: &model });
    let mut cost =
        measures::report(Subject::Quantization, reference, model, args.data.as_deref(), &args.columns, kernels)?;
    cost.reference_sizes = checkpoint_sizes(model.model, converted);
    Ok(cost)
}

/// Bytes of the checkpoint's files by part; the report has the model's tensors in file order.
fn checkpoint_sizes(model: &Model, converted: &Report) -> Sizes {
    let mut sizes = Sizes { tokenizer: converted.tokenizer_bytes, ..Sizes::default() };
    for (record, tensor) in model.as_core().tensors().zip(&converted.tensors) {
        *sizes.part(Part::of(record.role)) += tensor.checkpoint_bytes as u64;
    }
    sizes
}

/// The checkpoint on this machine. What is there wins; else a hub id is looked up in the cache, or downloaded into it.
pub(super) fn locate(checkpoint: &Path, revision: Option<&str>) -> Result<PathBuf> {
    let name = checkpoint.to_str().unwrap_or("");
    match (checkpoint.exists(), name.parse::<RepoId>(), revision) {
        (true, _, None) | (false, Err(_), None) => Ok(checkpoint.to_owned()),
        (true, _, Some(_)) => Err(Error::new(format_args!("{name} is here: --revision is for checkpoints of the hub"))),
        (false, Err(error), Some(_)) => Err(Error::new(error)),
        (false, Ok(id), revision) => {
            let id = revision.map_or(Ok(id.clone()), |revision| id.at(revision)).map_err(Error::new)?;
            let bar = progress::download();
            let found = Hub::from_env().checkpoint(&id, &mut |step| bar.show(step.file, step.done, step.total));
            bar.end();
            found.map_err(|error| Error::new(format_args!("no such path here: {name}; as a hub id: {error}")))
        }
    }
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
        let rows = Rows::of_file(path, &Columns::default())?;
        let place = rows.place().to_owned();
        let (mut texts, mut ids) = (Vec::new(), Vec::new());
        for Numbered { number, row, .. } in rows {
            let row = row.at(format_args!("{place} {number}"))?;
            match row.request.input_ids.is_empty() {
                true => texts.push(row.need_text().at(format_args!("{place} {number}"))?.to_owned()),
                false => ids.push(row.request.input_ids),
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

/// What the matrices are stored in.
fn weights(args: &Quantize) -> String {
    match args.budget {
        Some(budget) => format!("weights of 4 to 8 bits within {budget}"),
        None => format!("{} weights", args.weights.name()),
    }
}

fn print(args: &Quantize, report: &Report, cost: Option<&albert_report::Report>) -> Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        model: String,
        weights: &'a str,
        #[serde(flatten)]
        report: &'a Report,
        #[serde(skip_serializing_if = "Option::is_none")]
        cost: Option<&'a albert_report::Report>,
    }
    let mut output = Console::new();
    let model = args.output.display().to_string();
    if args.json {
        let weights = if args.budget.is_some() { "budget" } else { args.weights.name() };
        output.json(&Line { model, weights, report, cost })?;
    } else {
        let matrices = report.tensors.iter().filter(|tensor| tensor.rows > 1);
        let worst = matrices.max_by(|a, b| a.relative_error.total_cmp(&b.relative_error));
        // Weights and tokenizer, which are both in the model file.
        let checkpoint_bytes = report.checkpoint_bytes + report.tokenizer_bytes;
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        output.line(format_args!(
            "{}: {}, {:.2} MB ({} the checkpoint's {:.2} MB)",
            Escaped(&model),
            weights(args),
            megabytes(report.model_bytes),
            size_ratio(report.model_bytes, checkpoint_bytes),
            megabytes(checkpoint_bytes)
        ))?;
        super::vocabulary::print(report.vocabulary.as_ref(), &mut output)?;
        if let Some(worst) = worst {
            output.line(format_args!(
                "largest relative error of a matrix: {:.5} ({})",
                worst.relative_error, worst.name
            ))?;
        }
        if let Some(cost) = cost {
            measures::print(&mut output, cost)?;
        }
    }
    output.flush()
}
