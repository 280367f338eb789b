//! `albert fit`: a classifier from a few examples.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use albert_core::config::Head;
use albert_edge::Model;
use albert_fit::{Columns, Example, HeadStorage, Options, Progress, Stage, fit, read};
use albert_quant::HeadChoice;
use albert_quant::tokenizer::VocabularyReport;
use indicatif::ProgressBar;
use serde::Serialize;

use super::quantize::locate;

use crate::args::Fit;
use crate::console::Console;
use crate::error::{Error, Outcome, Result, warn};
use crate::explain::open;
use crate::output::Output;
use crate::progress;

pub(super) fn run(args: &Fit) -> Result<Outcome> {
    let columns = Columns {
        text: args.text_column.clone(),
        pair: args.pair_column.clone(),
        label: args.label_column.clone(),
        separator: args.label_separator.clone(),
    };
    let from = locate(&args.encoder, None)?;
    let texts = args.tokenizer.vocabulary_from.iter().chain(&args.tokenizer.held_out).map(PathBuf::as_path);
    let inputs: Vec<&Path> = [from.as_path(), &args.data].into_iter().chain(texts).collect();
    let output = Output::beside_checkpoint(&args.output, &inputs, &from)?;
    let page = args.report.as_deref().map(|path| Output::beside_checkpoint(path, &inputs, &from)).transpose()?;
    if let Some(page) = &page {
        page.check_differs(&output)?;
    }
    let examples = read(&args.data, &columns).map_err(Error::new)?;
    let source = Encoder::new(&from, args, &examples)?;
    let encoder = source.as_core();
    let bars = Bars::default();
    let show = |step| bars.show(step);
    let mut options = Options::default();
    options.pooling = args.pooling;
    options.strength = args.strength;
    options.folds = args.folds;
    options.balanced = args.balanced;
    options.multi_label = args.multi_label.then_some(true);
    options.reject = args.reject.map(f64::from);
    options.out_of_scope = args.out_of_scope_label.clone();
    options.max_tokens = args.max_length;
    options.seed = args.seed;
    options.threads = super::threads(args.threads);
    options.portable = args.portable;
    options.progress = &show;
    let fitted = fit(&encoder, &examples, &options).map_err(Error::new)?;
    bars.end();
    let storage = if args.float { HeadStorage::F32 } else { HeadStorage::Int8 };
    let bytes = match args.head_only {
        true => fitted.head_file(&encoder, storage),
        false => fitted.model(&encoder, storage),
    };
    let bytes = bytes.map_err(Error::new)?;
    output.write(&bytes)?;
    if let Some(page) = &page {
        page.write(albert_fit::page(&fitted.report, &args.output.display().to_string()).as_bytes())?;
    }
    let mut console = Console::new();
    if args.json {
        console.json(&Line { report: &fitted.report, vocabulary: source.vocabulary(), bytes: bytes.len() })?;
    } else {
        super::vocabulary::print(source.vocabulary(), &mut console)?;
        console.line(fitted.report.to_string().trim_end())?;
        console.line(format_args!("{}: {} bytes", args.output.display(), bytes.len()))?;
    }
    console.flush()?;
    Ok(Outcome::Passed)
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    report: &'a albert_fit::Report,
    /// When it was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    vocabulary: Option<&'a VocabularyReport>,
    /// Of the file that was written.
    bytes: usize,
}

/// The network that the classifier reads.
enum Encoder {
    File(Model),
    /// Of a checkpoint, with what became of its vocabulary.
    Checkpoint(Model, Option<VocabularyReport>),
}

impl Encoder {
    fn new(from: &Path, args: &Fit, examples: &[Example]) -> Result<Self> {
        if !from.is_dir() {
            return match args.tokenizer.first_given() {
                Some(option) => Err(Error::new(format_args!(
                    "{option} is for checkpoints; a model file's tokenizer is made by albert quantize, which has the option, too"
                ))),
                None => open(from).map(Self::File),
            };
        }
        let (choices, mut texts) = (args.tokenizer.choices(), args.tokenizer.texts()?);
        texts.count(examples.iter().flat_map(|example| [Some(example.text.clone()), example.pair.clone()]).flatten());
        texts.keep(examples.iter().flat_map(|example| example.labels.iter().cloned()));
        let mut options = albert_quant::Options::default();
        options.head = HeadChoice::Use(Head::None);
        options.tokenizer = &choices;
        options.vocabulary = args.tokenizer.vocabulary(&texts);
        let converted = albert_quant::convert(from, &options).map_err(Error::new)?;
        converted.warnings.iter().for_each(warn);
        let model = Model::from_owner(converted.bytes).map_err(Error::new)?;
        Ok(Self::Checkpoint(model, converted.report.vocabulary))
    }

    fn as_core(&self) -> albert_core::Model<'_> {
        let (Self::File(model) | Self::Checkpoint(model, _)) = self;
        *model.as_core()
    }

    fn vocabulary(&self) -> Option<&VocabularyReport> {
        match self {
            Self::File(_) => None,
            Self::Checkpoint(_, vocabulary) => vocabulary.as_ref(),
        }
    }
}

/// A bar for each stage.
#[derive(Default)]
struct Bars(Mutex<Cell<Option<(Stage, ProgressBar)>>>);

impl Bars {
    fn show(&self, step: Progress) -> ControlFlow<()> {
        let Ok(mut current) = self.0.lock() else { return ControlFlow::Continue(()) };
        let current = current.get_mut();
        if current.as_ref().is_none_or(|(stage, _)| *stage != step.stage) {
            if let Some((_, bar)) = current.take() {
                bar.finish_and_clear();
            }
            let bar = progress::bar(step.total as u64);
            bar.set_message(step.stage.units());
            *current = Some((step.stage, bar));
        }
        if let Some((_, bar)) = current {
            bar.set_position(step.done as u64);
        }
        ControlFlow::Continue(())
    }

    fn end(&self) {
        if let Ok(mut current) = self.0.lock()
            && let Some((_, bar)) = current.get_mut().take()
        {
            bar.finish_and_clear();
        }
    }
}
