//! A label, several labels or a value for a text or a pair.

use std::time::{Duration, Instant};

use albert_core::config::ProblemType;
use albert_core::heads::{self, argmax};
use albert_edge::{Engine, Error as EdgeError, Task, Truncation};
use albert_report::metrics::{Classified, MultiLabelled, Valued};
use serde_json::Value;

use super::labels::{number, several};
use super::scored::{Scored, Treatment, need_label};
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::rows::Row;

/// Score from which a label applies when the model does not say.
const THRESHOLD: f32 = 0.5;

/// What a classifier gives for a row.
struct Ran {
    logits: Vec<f32>,
    scores: Vec<f32>,
    threshold: f32,
    layers: u64,
    time: Duration,
}

fn run(engine: &Engine, row: &Row, treatment: &Treatment) -> Result<Ran> {
    let pair = row.request.text_pair.as_deref();
    let tokens = treatment.encode(engine, row.need_text()?, pair, Truncation::DoNotTruncate)?;
    let start = Instant::now();
    let ran = engine.run(&tokens.input(), tokens.len(), |session| {
        let time = start.elapsed();
        let classifier = session.classifier();
        let output = session.output().ok_or(EdgeError::NoOutput)?;
        let logits = output.logits().to_vec();
        let mut scores = logits.clone();
        let temperature = classifier.map_or(1.0, |classifier| classifier.temperature);
        let problem = classifier.map_or(ProblemType::SingleLabel, |classifier| classifier.problem_type);
        heads::scores(engine.kernels_in_use(), problem, temperature, &mut scores);
        let threshold = classifier.map(|classifier| classifier.threshold).filter(|&threshold| threshold > 0.0);
        Ok(Ran { logits, scores, threshold: threshold.unwrap_or(THRESHOLD), layers: output.layers().into(), time })
    });
    ran.map_err(|error| explain(&error, Some(Task::TextClassification)))
}

/// One label.
pub(super) fn single(engine: &Engine, row: &Row, treatment: &Treatment) -> Result<Scored<Classified>> {
    let label = treatment.labels.find(need_label(row)?)?;
    let Ran { logits, scores, layers, time, .. } = run(engine, row, treatment)?;
    let answer = argmax(&logits).ok_or_else(|| Error::new("the model has no labels"))?;
    let score = scores.get(answer).copied().unwrap_or(f32::NAN).into();
    Ok(Scored { outcome: Classified { label, answer, score }, layers, time })
}

/// Several labels.
pub(super) fn multi(engine: &Engine, row: &Row, treatment: &Treatment) -> Result<Scored<MultiLabelled>> {
    let labels = labels(row, treatment)?;
    let Ran { scores, threshold, layers, time, .. } = run(engine, row, treatment)?;
    let answers = scores.iter().map(|&score| score >= threshold).collect();
    let scores = scores.into_iter().map(f64::from).collect();
    Ok(Scored { outcome: MultiLabelled { labels, answers, scores }, layers, time })
}

/// Which labels a row has.
pub(super) fn labels(row: &Row, treatment: &Treatment) -> Result<Vec<bool>> {
    let label = need_label(row)?;
    // A label's name may have the separator in it.
    let whole = label.is_string() && treatment.labels.find(label).is_ok();
    let given = if whole { vec![label.clone()] } else { several(label, &treatment.separator) };
    let count = treatment.labels.names().len();
    let mut labels = vec![false; count];
    // A list of floats has one for each label.
    if given.len() == count && given.iter().all(Value::is_f64) {
        labels.iter_mut().zip(&given).for_each(|(label, given)| *label = given.as_f64() == Some(1.0));
    } else {
        for label in &given {
            if let Some(label) = labels.get_mut(treatment.labels.find(label)?) {
                *label = true;
            }
        }
    }
    Ok(labels)
}

/// A value.
pub(super) fn value(engine: &Engine, row: &Row, treatment: &Treatment) -> Result<Scored<Valued>> {
    let label = number(need_label(row)?)?;
    let Ran { logits, layers, time, .. } = run(engine, row, treatment)?;
    let value = logits.first().copied().unwrap_or(f32::NAN).into();
    Ok(Scored { outcome: Valued { label, value }, layers, time })
}
