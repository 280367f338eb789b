//! `albert validate`: a model's outputs against reference outputs.

mod dump;
mod reference;

use std::collections::BTreeMap;
use std::path::PathBuf;

use albert_core::Input;
use albert_edge::Engine;
use albert_report::outputs::{self, Computed, Kind};
use albert_report::scatter::{self, Scatter};
use albert_report::{Closeness, Comparison, CosineSummary};
use serde::Serialize;

use super::threads;
use crate::args::Validate;
use crate::console::Console;
use crate::error::{At, Error, Outcome, Result};
use crate::explain::{explain, open_verified};
use crate::output::Output;
use crate::progress;
use dump::Dump;
use reference::{Expected, Reference, Row};

/// What was compared, by name.
pub(super) type Outputs = BTreeMap<&'static str, Closeness>;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) outputs: Outputs,
    /// Whether no bound is missed.
    pub(super) passed: bool,
}

pub(super) fn run(args: &Validate) -> Result<Outcome> {
    let report = check(args)?;
    print(args, &report)?;
    Ok(if report.passed { Outcome::Passed } else { Outcome::Missed })
}

/// Runs the rows of the reference and compares.
pub(super) fn check(args: &Validate) -> Result<Report> {
    let files = Files::new(args)?;
    let model = open_verified(&args.model)?;
    let place = args.reference.display();
    let map = reference::map(&args.reference)?;
    let reference = Reference::parse(&map).at(&place)?;
    let mut outputs = Vec::new();
    for expected in &reference.outputs {
        match Kind::of(expected.name, model.config()) {
            Some(kind) => {
                expected.check(kind, model.config(), reference.tokens).at(&place)?;
                outputs.push(Checked::new(kind, expected, reference.choices, args));
            }
            None => eprintln!("note: {place}: {} is no output of this model; it is not compared", expected.name),
        }
    }
    if outputs.is_empty() {
        return Err(Error::new(format_args!("{place} has no output that this model computes; nothing to compare")));
    }
    let engine = Engine::new(&model).kernels(args.isa.kernels).threads(threads(None));
    let kinds: Vec<Kind> = outputs.iter().map(|output| output.kind).collect();
    let bar = progress::bar(reference.rows as u64);
    for row in 0..reference.rows {
        let input = reference.input(row);
        let Row { ids, token_types, attention_mask } = &input;
        let to_run = Input::new(ids).with_token_types(token_types).with_attention_mask(attention_mask);
        let to_run = to_run.with_positions(outputs::positions(&kinds));
        let attended = |position: usize| attention_mask.get(position).is_some_and(|&mask| mask != 0);
        let ran = engine.run(&to_run, ids.len(), |session| {
            outputs::read(session, ids.len(), &attended, &kinds, |index, computed| {
                if let Some(output) = outputs.get_mut(index) {
                    output.take(row, attention_mask, computed);
                }
            });
            Ok(())
        });
        ran.map_err(|error| explain(&error, None)).at(format_args!("{place}, row {row}"))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    finish(args, &files, &outputs)
}

/// The files to write, checked before the work.
struct Files {
    dump: Option<Output>,
    plot: Option<Output>,
}

impl Files {
    fn new(args: &Validate) -> Result<Self> {
        let inputs = [args.model.as_path(), &args.reference];
        let output = |path: &Option<PathBuf>| path.as_deref().map(|path| Output::new(path, &inputs)).transpose();
        let (dump, plot) = (output(&args.dump)?, output(&args.plot)?);
        if let (Some(dump), Some(plot)) = (&dump, &plot) {
            dump.check_differs(plot)?;
        }
        Ok(Self { dump, plot })
    }
}

/// Bounds, files and the report.
fn finish(args: &Validate, files: &Files, outputs: &[Checked<'_>]) -> Result<Report> {
    if let Some(file) = &files.dump {
        dump::write(file, outputs.iter().filter_map(|output| Some((output.expected, output.dump.as_ref()?))))?;
    }
    if let Some(file) = &files.plot {
        let scatters = outputs.iter().filter_map(|output| Some((output.expected.name, output.scatter.as_ref()?)));
        file.write(scatter::draw(&scatters.collect::<Vec<_>>()).as_bytes())?;
    }
    let within = |output: &Checked<'_>| {
        let closeness = output.comparison.closeness();
        args.max_abs.is_none_or(|bound| closeness.max_abs <= bound)
            && args.min_cosine.is_none_or(|bound| closeness.cosines.cosine_min >= bound)
            && args.min_agreement.is_none_or(|bound| !output.kind.ranks() || closeness.top1_agreement >= bound)
    };
    let passed = outputs.iter().all(within);
    let outputs = outputs.iter().map(|output| (output.expected.name, output.comparison.closeness())).collect();
    Ok(Report { outputs, passed })
}

/// One output that is compared, and what was asked for beside the comparison.
struct Checked<'r> {
    kind: Kind,
    expected: &'r Expected<'r>,
    /// Choices of a question.
    choices: usize,
    comparison: Comparison,
    dump: Option<Dump>,
    scatter: Option<Scatter>,
}

impl<'r> Checked<'r> {
    fn new(kind: Kind, expected: &'r Expected<'r>, choices: usize, args: &Validate) -> Self {
        Self {
            kind,
            expected,
            choices,
            comparison: Comparison::default(),
            dump: args.dump.as_ref().map(|_| Dump::new(expected.elements())),
            scatter: args.plot.as_ref().map(|_| Scatter::default()),
        }
    }

    /// Compares a part of what was computed for a row.
    fn take(&mut self, row: usize, mask: &[u32], computed: &Computed<'_>) {
        let row_start = row * self.expected.row_elements();
        let (start, values) = match *computed {
            Computed::Row(values) => (row_start, values),
            Computed::Token { position, width, first, values } => (row_start + position * width + first, values),
        };
        if let Some(dump) = &mut self.dump {
            dump.put(start, values);
        }
        let mut expected = self.expected.values(start, values.len());
        let mut obtained = values.to_vec();
        if self.kind.over_tokens() {
            retain_attended(&mut expected, mask);
            retain_attended(&mut obtained, mask);
        }
        if let Some(scatter) = &mut self.scatter {
            scatter.add(&expected, &obtained);
        }
        self.comparison.extend(&expected, &obtained);
        let complete = match *computed {
            Computed::Token { width, first, values, .. } => first + values.len() == width,
            // The logits of a question's choices are one vector.
            Computed::Row(_) if self.kind == Kind::ChoiceLogits => (row + 1).is_multiple_of(self.choices),
            Computed::Row(_) => true,
        };
        if complete {
            self.comparison.end_vector();
        }
    }
}

/// Drops what belongs to masked tokens.
fn retain_attended(values: &mut Vec<f32>, mask: &[u32]) {
    let mut mask = mask.iter();
    values.retain(|_| mask.next().is_some_and(|&mask| mask != 0));
}

fn print(args: &Validate, report: &Report) -> Result<()> {
    let mut output = Console::new();
    if args.json {
        output.json(report)?;
    } else {
        table(&mut output, report)?;
        if args.max_abs.is_some() || args.min_cosine.is_some() || args.min_agreement.is_some() {
            output.line(if report.passed { "within bounds" } else { "a bound is missed" })?;
        }
    }
    output.flush()
}

/// A line for each output.
pub(super) fn table(output: &mut Console, report: &Report) -> Result<()> {
    let heads = ["vectors", "max_abs", "mean_abs", "cosine_mean", "cosine_p1", "cosine_p01", "agreement"];
    let heads: String = heads.iter().map(|head| format!(" {head:>12}")).collect();
    output.line(format_args!("{:18}{heads}", "output"))?;
    for (name, closeness) in &report.outputs {
        let Closeness { max_abs, mean_abs, cosines, top1_agreement } = closeness;
        let CosineSummary { vectors, cosine_mean, cosine_p1, cosine_p01, .. } = cosines;
        output.line(format_args!(
            "{name:18} {vectors:>12} {max_abs:>12.3e} {mean_abs:>12.3e} {cosine_mean:>12.6} {cosine_p1:>12.6} \
             {cosine_p01:>12.6} {top1_agreement:>12.4}"
        ))?;
    }
    Ok(())
}
