//! `albert fit`: a classifier from a few examples.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;

use albert_core::Model;
use albert_core::config::Head;
use albert_fit::{Columns, HeadStorage, Options, Progress, Stage, fit, read};
use albert_quant::{HeadChoice, ModelBytes};
use indicatif::ProgressBar;

use crate::args::Fit;
use crate::console::Console;
use crate::error::{At, Error, Outcome, Result};
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
    let inputs = [args.encoder.as_path(), args.data.as_path()];
    let output = Output::beside_checkpoint(&args.output, &inputs, &args.encoder)?;
    let page =
        args.report.as_deref().map(|path| Output::beside_checkpoint(path, &inputs, &args.encoder)).transpose()?;
    if let Some(page) = &page {
        page.check_differs(&output)?;
    }
    let examples = read(&args.data, &columns).map_err(Error::new)?;
    let converted;
    let opened;
    let encoder = if args.encoder.is_dir() {
        converted = convert(&args.encoder)?;
        Model::from_bytes(&converted).at(args.encoder.display())?
    } else {
        opened = open(&args.encoder)?;
        *opened.as_core()
    };
    let encoder = &encoder;
    let bars = Bars::default();
    let show = |step| bars.show(step);
    let mut options = Options::default();
    options.pooling = args.pooling;
    options.strength = args.strength;
    options.folds = args.folds;
    options.balanced = args.balanced;
    options.multi_label = args.multi_label.then_some(true);
    options.reject = args.reject.map(f64::from);
    options.out_of_scope = args.out_of_scope_label.as_deref();
    options.max_tokens = args.max_length;
    options.seed = args.seed;
    options.threads = super::threads(args.threads);
    options.progress = &show;
    let fitted = fit(encoder, &examples, &options).map_err(Error::new)?;
    bars.end();
    let storage = if args.float { HeadStorage::F32 } else { HeadStorage::Int8 };
    let bytes = match args.head_only {
        true => fitted.head_file(encoder, storage),
        false => fitted.model(encoder, storage),
    };
    let bytes = bytes.map_err(Error::new)?;
    output.write(&bytes)?;
    if let Some(page) = &page {
        page.write(albert_fit::page(&fitted.report, &args.output.display().to_string()).as_bytes())?;
    }
    let mut console = Console::new();
    if args.json {
        console.json(&fitted.report)?;
    } else {
        console.line(fitted.report.to_string().trim_end())?;
        console.line(format_args!("{}: {} bytes", args.output.display(), bytes.len()))?;
    }
    console.flush()?;
    Ok(Outcome::Passed)
}

/// The encoder of a checkpoint.
fn convert(path: &Path) -> Result<ModelBytes> {
    let mut options = albert_quant::Options::default();
    options.head = HeadChoice::Use(Head::None);
    Ok(albert_quant::convert(path, &options).map_err(Error::new)?.bytes)
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
            bar.set_message(match step.stage {
                Stage::Features => "texts",
                Stage::Folds => "folds",
            });
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
