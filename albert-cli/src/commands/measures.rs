//! One model against another, for `quantize --report` and `compare`: inputs, measuring, the figures as text.

use std::path::Path;

use albert_core::kernels::Kernels;
use albert_edge::{EncodeOptions, Engine, Model, Truncation};
use albert_report::sample::{Expected, Input, Sample};
use albert_report::sizes::Sizes;
use albert_report::tensors::tensors;
use albert_report::{Accuracy, CosineSummary, Report, Rights, Subject, measure};

use super::eval::{self, LabelMap, Score, Setup, Treatment};
use super::threads;
use crate::args::Columns;
use crate::console::{Console, Escaped};
use crate::error::{At, Error, Result};
use crate::explain::explain;
use crate::progress;
use crate::rows::{Numbered, Row, Rows};

/// A model and what the report calls it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'m> {
    pub(super) name: &'m str,
    pub(super) model: &'m Model,
}

/// Measures `model` against `reference` on the rows of `data`, or on built-in inputs. Models with different vocabularies are
/// not run.
pub(super) fn report(
    subject: Subject,
    reference: Named<'_>,
    model: Named<'_>,
    data: Option<&Path>,
    columns: &Columns,
    kernels: Kernels,
) -> Result<Report> {
    let same_vocabulary = reference.model.config().vocab_size == model.model.config().vocab_size;
    let mut report = Report {
        subject,
        model: model.name.to_owned(),
        reference: reference.name.to_owned(),
        sizes: Sizes::of_model(model.model.as_core()),
        reference_sizes: Sizes::of_model(reference.model.as_core()),
        tensors: tensors(reference.model.as_core(), model.model.as_core()),
        measures: None,
        accuracy: None,
    };
    if !same_vocabulary {
        return Ok(report);
    }
    let labelled = match data {
        Some(path) => Labelled::of_file(path, columns, reference.model, model.model)?,
        None => None,
    };
    let encoder = if reference.model.tokenizer().is_some() { reference.model } else { model.model };
    let sample = match data {
        Some(path) => read(path, columns, encoder, kernels, encoder.max_tokens(), labelled.as_ref())?,
        None => Sample::built_in(encoder.as_core()),
    };
    let bar = progress::bar(sample.inputs.len() as u64);
    bar.set_message("measuring");
    let measures = measure(reference.model.as_core(), model.model.as_core(), &sample, kernels, &|done| {
        bar.set_position(done as u64)
    });
    bar.finish_and_clear();
    if measures.inputs == 0 {
        return Err(Error::new(format_args!("{}: the models take none of the inputs", sample.name)));
    }
    report.measures = Some(measures);
    if let (Some(path), Some(labelled)) = (data, &labelled) {
        report.accuracy = accuracy([reference.model, model.model], path, columns, kernels, labelled)?;
    }
    Ok(report)
}

/// How labels are read that both models can be held to.
pub(super) struct Labelled {
    score: Score,
    treatment: Treatment,
}

impl Labelled {
    /// When the rows of the file have labels and both models are for the same task.
    fn of_file(path: &Path, columns: &Columns, reference: &Model, model: &Model) -> Result<Option<Self>> {
        let labelled = match Rows::of_file(path, columns)?.next() {
            Some(Numbered { row: Ok(row), .. }) => row.is_labelled(),
            _ => false,
        };
        let (Ok(score), Ok(same)) = (Score::of(reference, None), Score::of(model, None)) else { return Ok(None) };
        if !labelled || score != same || matches!(score, Score::Value | Score::Similarity) {
            return Ok(None);
        }
        Ok(Some(Self { score, treatment: treatment(reference, columns)? }))
    }
}

fn treatment(model: &Model, columns: &Columns) -> Result<Treatment> {
    Ok(Treatment {
        labels: LabelMap::new(model, &columns.labels)?,
        separator: columns.label_separator.clone(),
        max_length: None,
        truncation: Some(Truncation::LongestFirst),
        handle_impossible_answer: false,
        seed: 0,
    })
}

/// The inputs that the rows of a file make, cut to `limit` tokens, with the right answers if the rows have `labelled` ones.
pub(super) fn read(
    path: &Path,
    columns: &Columns,
    model: &Model,
    kernels: Kernels,
    limit: usize,
    labelled: Option<&Labelled>,
) -> Result<Sample> {
    let rows = Rows::of_file(path, columns)?;
    let place = rows.place().to_owned();
    let engine = Engine::new(model).kernels(kernels);
    let mut inputs = Vec::new();
    for Numbered { number, row, .. } in rows {
        let of_row = row.and_then(|row| encode(&engine, &row, limit, labelled));
        inputs.extend(of_row.at(format_args!("{place} {number}"))?);
    }
    if inputs.is_empty() {
        return Err(Error::new(format_args!("{} has no rows", path.display())));
    }
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(Sample { name, inputs })
}

/// The inputs of a row.
fn encode(engine: &Engine, row: &Row, limit: usize, labelled: Option<&Labelled>) -> Result<Vec<Input>> {
    let request = &row.request;
    if !request.input_ids.is_empty() {
        let (ids, token_types) = (request.input_ids.clone(), request.token_type_ids.clone());
        return Ok(vec![Input { ids, token_types, ..Input::default() }]);
    }
    let options =
        EncodeOptions { max_tokens: Some(limit), truncation: Truncation::LongestFirst, ..EncodeOptions::default() };
    let tokens = |text: &str, pair: Option<&str>| {
        let tokens = engine.encode(text, pair, &options).map_err(|error| explain(&error, None))?;
        let expected = match labelled {
            Some(Labelled { score, treatment }) => eval::expected(engine, row, &tokens, *score, treatment)?,
            None => Expected::Unknown,
        };
        let (text, pair) = (text.to_owned(), pair.map(str::to_owned));
        Ok(Input { ids: tokens.ids, token_types: tokens.types, text, pair, expected })
    };
    match &request.question {
        Some(question) => Ok(vec![tokens(question, request.context.as_deref().or(request.text.as_deref()))?]),
        None if !row.words.is_empty() => Ok(vec![tokens(&row.words.join(" "), None)?]),
        None if !request.choices.is_empty() => {
            request.choices.iter().map(|choice| tokens(row.need_text()?, Some(choice))).collect()
        }
        None => Ok(vec![tokens(row.need_text()?, request.text_pair.as_deref())?]),
    }
}

/// Accuracy of both; none for a task without one.
fn accuracy(
    models: [&Model; 2],
    data: &Path,
    columns: &Columns,
    kernels: Kernels,
    labelled: &Labelled,
) -> Result<Option<Accuracy>> {
    let evaluate = |model: &Model| {
        let treatment = &treatment(model, columns)?;
        let setup = Setup { data, columns, treatment, kernels, threads: threads(None), layers: None, exit: None };
        eval::evaluate(model, labelled.score, &setup).map(|evaluated| evaluated.evaluation)
    };
    let [before, after] = models.map(evaluate);
    let (before, after) = (before?, after?);
    let both = before.accuracy().zip(after.accuracy());
    Ok(both.map(|(reference, model)| Accuracy { rows: before.rows(), reference, model }))
}

fn cosines(of: &CosineSummary) -> String {
    let CosineSummary { vectors, cosine_mean, cosine_p1, cosine_p01, .. } = of;
    format!("cosine of {vectors} vectors: mean {cosine_mean:.6}, 1 % quantile {cosine_p1:.6}, 0.1 % {cosine_p01:.6}")
}

/// What was measured, a line a figure.
pub(super) fn print(output: &mut Console, report: &Report) -> Result<()> {
    let Some(measures) = &report.measures else { return Ok(()) };
    output.line(format_args!(
        "on {} ({} inputs, {} tokens), against {}:",
        measures.inputs_from, measures.inputs, measures.tokens, report.reference
    ))?;
    for (name, closeness) in &measures.outputs {
        output.line(format_args!(
            "  {name:20} largest error {:.3e}, {}, same best {:.4}",
            closeness.max_abs,
            cosines(&closeness.cosines),
            closeness.top1_agreement
        ))?;
    }
    let changes = &measures.changes;
    if changes.answers > 0 {
        let most = changes.rows.first().map_or_else(String::new, |change| {
            let (reference, model) = (Escaped(&change.reference), Escaped(&change.model));
            format!("; the surest by {:.4}: {reference} to {model}, input {}", change.reference_margin, change.input)
        });
        output.line(format_args!("  {:20} {} of {}{most}", "changed answers", changes.changed, changes.answers))?;
        let Rights { labelled, reference, model } = changes.right;
        if labelled > 0 {
            let other = report.subject.of_reference();
            output.line(format_args!("  {:20} {model} of {labelled} ({reference} {other})", "right among these"))?;
        }
    }
    if let Some(last) = measures.depths.last() {
        output.line(format_args!(
            "  {:20} relative error {:.5}, {}",
            "hidden state",
            last.relative_error,
            cosines(&last.cosines)
        ))?;
    }
    if let Some(Accuracy { reference, model, .. }) = report.accuracy {
        let other = report.subject.of_reference();
        output.line(format_args!("  {:20} {model:.4} ({reference:.4} {other})", "accuracy"))?;
    }
    Ok(())
}
