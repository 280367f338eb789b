//! Answers within texts, similarities of texts, and choices: by the tasks of the library.

use albert_edge::{Engine, MultipleChoice, QuestionAnswering, SentenceEmbedding, Task};
use albert_report::metrics::{Answered, Classified, Valued};
use serde_json::Value;

use super::labels::number;
use super::scored::{Scored, Treatment, need_label};
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::rows::Row;

/// The best answer to a question.
pub(super) fn answer(engine: &Engine, row: &Row, treatment: &Treatment) -> Result<Scored<Answered>> {
    let request = &row.request;
    let field = |value: Option<&str>, name| {
        value.map(str::to_owned).ok_or_else(|| Error::new(format_args!("the row has no {name:?}")))
    };
    let question = field(request.question.as_deref(), "question")?;
    let context = field(request.context.as_deref().or(request.text.as_deref()), "context")?;
    let answers = row.answers.as_ref().or(row.label.as_ref()).map(accepted);
    let answers = answers.flatten().ok_or_else(|| Error::new("the row has no \"answers\": a list of texts"))?;
    let explained = |error| explain(&error, Some(Task::QuestionAnswering));
    let task = QuestionAnswering::with_engine(engine.clone()).map_err(explained)?;
    let task = task.handle_impossible_answer(treatment.handle_impossible_answer);
    Scored::timed(engine, || {
        let found = task.run(&question, &context).map_err(explained)?;
        Ok(Answered { answers, answer: found.into_iter().next().map(|answer| answer.answer).unwrap_or_default() })
    })
}

/// Accepted answers: a text, a list of texts, a list of `{"text"}`, or `{"text": [...]}` as data sets of the hub have it.
fn accepted(answers: &Value) -> Option<Vec<String>> {
    match answers {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(all) => all.iter().map(|one| Some(one.get("text").unwrap_or(one).as_str()?.to_owned())).collect(),
        Value::Object(fields) => accepted(fields.get("text")?),
        _ => None,
    }
}

/// The cosine of two texts' vectors.
pub(super) fn cosine(engine: &Engine, row: &Row, treatment: &Treatment) -> Result<Scored<Valued>> {
    let label = number(need_label(row)?)?;
    let pair = row.request.text_pair.as_deref().ok_or_else(|| Error::new("the row has no second text"))?;
    let explained = |error| explain(&error, Some(Task::SentenceEmbedding));
    let mut task = SentenceEmbedding::with_engine(engine.clone()).map_err(explained)?.normalize(true);
    if let Some(limit) = treatment.max_length {
        task = task.max_length(limit);
    }
    if let Some(truncation) = treatment.truncation {
        task = task.truncation(truncation);
    }
    Scored::timed(engine, || {
        let [a, b] =
            [row.need_text()?, pair].map(|text| task.run(text).map(|found| found.embedding).map_err(explained));
        let value = a?.iter().zip(&b?).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        Ok(Valued { label, value })
    })
}

/// The best of several choices; the label is its place, from 0.
pub(super) fn choice(engine: &Engine, row: &Row, treatment: &Treatment) -> Result<Scored<Classified>> {
    let label = number(need_label(row)?)?;
    let choices = &row.request.choices;
    let place = (0..choices.len()).find(|&place| place as f64 == label);
    let label =
        place.ok_or_else(|| Error::new(format_args!("there is no choice {label}, of {} from 0", choices.len())))?;
    let explained = |error| explain(&error, Some(Task::MultipleChoice));
    let mut task = MultipleChoice::with_engine(engine.clone()).map_err(explained)?.top_k(1);
    if let Some(limit) = treatment.max_length {
        task = task.max_length(limit);
    }
    if let Some(truncation) = treatment.truncation {
        task = task.truncation(truncation);
    }
    Scored::timed(engine, || {
        let found = task.run(row.need_text()?, choices).map_err(explained)?;
        let best = found.first().ok_or_else(|| Error::new("the row has no \"choices\""))?;
        Ok(Classified { label, answer: best.index, score: best.score.into() })
    })
}
