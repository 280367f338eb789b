//! Labels that the model was not trained on: each makes a hypothesis, and a model of natural language inference says how far
//! the text entails it.

use std::fmt;

use albert_core::Model;
use albert_core::tokenizer::{EncodeOptions, Truncation};
use serde::Serialize;

use super::{Settings, not_empty, softmax, top};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};
use crate::input::Row;
use crate::names;

/// All labels in descending order of their scores, with the fields of the pipeline.
#[derive(Debug, Serialize)]
pub(super) struct Ranking {
    sequence: String,
    labels: Vec<String>,
    scores: Vec<f32>,
}

impl fmt::Display for Ranking {
    /// A line for each label.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.labels.iter().zip(&self.scores).map(|(label, score)| format!("{label}\t{score:.4}"));
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}

/// Ranks the candidate labels.
pub(super) fn answer(engine: &mut Engine<'_>, row: &Row, settings: &Settings) -> Result<Ranking> {
    let text = not_empty(row.text()?)?;
    let options = &settings.options;
    let labels = if row.candidate_labels.is_empty() { &options.candidate_labels } else { &row.candidate_labels };
    if labels.is_empty() {
        return Err(Error::new("there are no labels: give --candidate-labels, or \"candidate_labels\" in the row"));
    }
    let template = options.hypothesis_template.split_once("{}");
    let (before, after) = template.ok_or_else(|| Error::new("--hypothesis-template needs {} where the label goes"))?;
    let (entailment, contradiction) = roles(engine.model());
    let alone = options.multi_label || labels.len() == 1;
    let (mut entailed, mut scores) = (Vec::new(), Vec::new());
    for label in labels {
        let tokens = encode(engine, text, &format!("{before}{label}{after}"))?;
        let logits = engine.logits(&tokens)?;
        let logit = |role: usize| logits.get(role).copied().unwrap_or(f32::NEG_INFINITY);
        if alone {
            let of_two = softmax(engine.kernels(), &[logit(contradiction), logit(entailment)]);
            scores.extend(of_two.get(1));
        }
        entailed.push(logit(entailment));
    }
    if !alone {
        scores = softmax(engine.kernels(), &entailed);
    }
    let best = top(&scores, settings.top_k.unwrap_or(usize::MAX)).into_iter();
    let (labels, scores) = best.filter_map(|(index, score)| Some((labels.get(index)?.clone(), score))).unzip();
    Ok(Ranking { sequence: text.to_owned(), labels, scores })
}

/// The outputs that say "entailment" and "contradiction": by name, else the last and the first.
fn roles(model: &Model<'_>) -> (usize, usize) {
    let last = (model.config().num_labels as usize).saturating_sub(1);
    let entails = |&index: &usize| names::label(model, index).to_lowercase().starts_with("entail");
    let entailment = (0..=last).find(entails).unwrap_or(last);
    (entailment, if entailment == 0 { last } else { 0 })
}

/// Text and hypothesis. Only the text is cut when they are too long together; when that does not help, nothing is.
fn encode(engine: &mut Engine<'_>, text: &str, hypothesis: &str) -> Result<Tokens> {
    let limit = Some(engine.max_tokens());
    let options = EncodeOptions { max_tokens: limit, truncation: Truncation::OnlyFirst, ..EncodeOptions::default() };
    match engine.try_encode(text, Some(hypothesis), &options, Tokens::new)? {
        Ok(tokens) => Ok(tokens),
        Err(_) => engine.encode(text, Some(hypothesis), None),
    }
}
