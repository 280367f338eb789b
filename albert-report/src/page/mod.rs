//! The report as one HTML file: no scripts, no fonts, nothing from the network. Every figure is in a table too, or is one.

mod changes;
mod drift;
mod evaluation;
mod outliers;
mod outputs;
mod sizes;
mod tensors;

pub use evaluation::evaluation_page;
use serde::Serialize;

use crate::chart::{THEME, bytes, count, escape, number};
use crate::measure::Measures;
use crate::sizes::Sizes;
use crate::tensors::TensorDifference;

/// What kind of comparison a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Subject {
    /// A model file against the checkpoint from which it was converted, which runs in f32.
    Quantization,
    /// One model file against another.
    Files,
}

impl Subject {
    fn title(self) -> &'static str {
        match self {
            Self::Quantization => "What quantization cost",
            Self::Files => "Two model files compared",
        }
    }

    /// What the sides are called where there is room for a word: the reference, and the model.
    fn sides(self) -> [&'static str; 2] {
        match self {
            Self::Quantization => ["before", "after"],
            Self::Files => ["A", "B"],
        }
    }

    /// Where a figure of the reference stands beside the model's: `before`, or `in A`.
    pub fn of_reference(self) -> &'static str {
        match self {
            Self::Quantization => "before",
            Self::Files => "in A",
        }
    }
}

/// What [`page`] shows: a model compared with a reference.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The kind of comparison.
    pub subject: Subject,
    /// Name of the model.
    pub model: String,
    /// Name of the reference.
    pub reference: String,
    /// Bytes of the model by part.
    pub sizes: Sizes,
    /// Bytes of the reference by part; of a checkpoint, those of its files.
    pub reference_sizes: Sizes,
    /// The tensors of the model, in the order of the file.
    pub tensors: Vec<TensorDifference>,
    /// What both compute for the same inputs; `None` if they cannot take the same ones.
    pub measures: Option<Measures>,
    /// Accuracy of both, if there are data with labels.
    pub accuracy: Option<Accuracy>,
}

/// Accuracy of a reference and of a model on the same labelled data, from 0 to 1.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Accuracy {
    /// Number of rows.
    pub rows: usize,
    /// Accuracy of the reference.
    pub reference: f64,
    /// Accuracy of the model.
    pub model: f64,
}

impl Report {
    /// Share of vectors whose best logit is the same, over the heads' outputs: the smallest one.
    fn agreement(&self) -> Option<f64> {
        let outputs = &self.measures.as_ref()?.outputs;
        let ranked = outputs.iter().filter(|(name, _)| name.ends_with("logits"));
        ranked.map(|(_, closeness)| closeness.top1_agreement).reduce(f64::min)
    }
}

/// The report as one HTML file, without scripts and without anything from the network.
pub fn page(report: &Report) -> String {
    let model = &report.model;
    let mut sections = vec![sizes::section(report)];
    if let Some(measures) = &report.measures {
        sections.push(outputs::section(measures, report.accuracy.as_ref(), report.subject));
        sections.push(changes::section(&measures.changes, report.subject));
        sections.push(drift::section(measures));
        sections.push(outliers::section(measures));
    }
    sections.push(tensors::section(&report.tensors, report.subject));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: {subject}</title>\n<style>\n{THEME}{style}</style>\n</head>\n<body>\n\
         <header>\n<p class=\"kicker\">{subject}</p>\n<h1>{title}</h1>\n<p class=\"lede\">{lede}</p>\n{key}</header>\n\
         <main>\n{sections}</main>\n{footer}</body>\n</html>\n",
        title = escape(model),
        subject = report.subject.title(),
        style = include_str!("style.css"),
        lede = lede(report),
        key = key(report),
        sections = sections.concat(),
        footer = footer(report),
    )
}

/// The result in a sentence or two.
fn lede(report: &Report) -> String {
    let (size, whole) = (report.sizes.total(), report.reference_sizes.total());
    let mut text = format!("{}, {} {}.", bytes(size), size_ratio(size, whole), escape(&report.reference));
    let Some(measures) = &report.measures else { return text };
    let reference = escape(&report.reference);
    let inputs = format!("on {} inputs ({})", count(measures.inputs), escape(&measures.inputs_from));
    if let Some(agreement) = report.agreement() {
        text += &format!(" It gives the same answer as {reference} {} of the time, {inputs}.", percent(agreement));
    } else if let Some(last) = measures.depths.last() {
        let cosine = cosine(last.cosines.cosine_mean);
        text += &format!(
            " After the last layer a token's hidden state has a mean cosine of {cosine} with that of {reference}, {inputs}."
        );
    }
    text
}

/// Words that compare a size with that of a whole, in bytes: what stands before the other's name in a sentence.
pub fn size_ratio(size: u64, whole: u64) -> String {
    let (size, whole) = (size.max(1) as f64, whole.max(1) as f64);
    let (ratio, word) = if size <= whole { (whole / size, "smaller") } else { (size / whole, "larger") };
    // What would read 1.0 is no difference to speak of.
    if ratio < 1.05 { "about as large as".to_owned() } else { format!("{ratio:.1} times {word} than") }
}

/// The figures that matter most.
fn key(report: &Report) -> String {
    let other = report.subject.of_reference();
    let mut figures =
        vec![("Size", bytes(report.sizes.total()), format!("{} {other}", bytes(report.reference_sizes.total())))];
    if let Some(agreement) = report.agreement() {
        figures.push(("Same answer", percent(agreement), "share of equal best labels".to_owned()));
    }
    if let Some(accuracy) = &report.accuracy {
        let change = 100.0 * (accuracy.model - accuracy.reference);
        let sign = if change > 0.0 { "+" } else { "" };
        let change =
            if change.abs() < 5e-3 { "unchanged".to_owned() } else { format!("{sign}{} points", number(change)) };
        figures.push((
            "Accuracy",
            percent(accuracy.model),
            format!("{change}; {} {other}", percent(accuracy.reference)),
        ));
    }
    if let Some(last) = report.measures.as_ref().and_then(|measures| measures.depths.last()) {
        let cosines = &last.cosines;
        let note = format!(
            "mean cosine of {} tokens; 1\u{a0}% quantile {}",
            count(cosines.vectors),
            cosine(cosines.cosine_p1)
        );
        figures.push(("Hidden state", cosine(cosines.cosine_mean), note));
    }
    let figure = |(name, value, note): &(&str, String, String)| {
        format!("<div><dt>{name}</dt><dd>{value}</dd><dd>{note}</dd></div>\n")
    };
    format!("<dl class=\"key\">\n{}</dl>\n", figures.iter().map(figure).collect::<String>())
}

fn footer(report: &Report) -> String {
    let reference = escape(&report.reference);
    let sides = match report.subject {
        Subject::Quantization => format!("{reference} with fp32 weights, and the file as it ships"),
        Subject::Files => format!("{reference} (A) and {} (B), each as it is", escape(&report.model)),
    };
    let inputs = report.measures.as_ref().map_or_else(String::new, |measures| {
        let watched = if measures.watched < measures.inputs {
            format!(" Hidden states and outliers were looked at on {} of them, evenly spaced.", count(measures.watched))
        } else {
            String::new()
        };
        format!(
            "<p>Inputs: {}, {} with {} tokens; calibration saw none of the built-in ones.{watched}</p>\n",
            escape(&measures.inputs_from),
            count(measures.inputs),
            count(measures.tokens)
        )
    });
    format!(
        "<footer>\n<p>Both sides run in the same engine: {sides}.</p>\n{inputs}\
         <p>Made by albert {}.</p>\n</footer>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// A share in per cent, with as many digits as tell it from 100.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent == 100.0 { "100\u{a0}%".to_owned() } else { format!("{:.2}\u{a0}%", percent.min(99.99)) }
}

/// A cosine, with as many digits as tell it from 1.
fn cosine(cosine: f64) -> String {
    let digits = if 1.0 - cosine < 1e-3 { 5 } else { 4 };
    format!("{cosine:.digits$}")
}
