//! What `run` does with a row: the tasks of the Hugging Face pipelines, one file a task.

mod feature_extraction;
mod fill_mask;
mod multiple_choice;
mod question_answering;
mod sentence_order;
mod text_classification;
mod token_classification;
mod windows;
mod zero_shot;

use std::fmt::{Display, Write};
use std::str::FromStr;

use albert_core::Model;
use albert_core::config::{Head, ProblemType};
use albert_core::heads;
use albert_core::kernels::Kernels;
use serde::Serialize;

use crate::args::TaskOptions;
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};
use crate::input::Row;
use crate::output::json;

pub(crate) use text_classification::Function;

/// What is asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    TextClassification,
    ZeroShotClassification,
    TokenClassification,
    QuestionAnswering,
    FillMask,
    MultipleChoice,
    SentenceOrder,
    FeatureExtraction,
    SentenceEmbedding,
}

const TASKS: [(&str, Task); 9] = [
    ("text-classification", Task::TextClassification),
    ("zero-shot-classification", Task::ZeroShotClassification),
    ("token-classification", Task::TokenClassification),
    ("question-answering", Task::QuestionAnswering),
    ("fill-mask", Task::FillMask),
    ("multiple-choice", Task::MultipleChoice),
    ("sentence-order", Task::SentenceOrder),
    ("feature-extraction", Task::FeatureExtraction),
    ("sentence-embedding", Task::SentenceEmbedding),
];

impl FromStr for Task {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let found = TASKS.iter().find(|(known, _)| *known == name);
        found
            .map(|&(_, task)| task)
            .ok_or_else(|| format!("expected one of {}", TASKS.map(|(name, _)| name).join(", ")))
    }
}

impl Task {
    /// What a head is made for.
    fn of_head(head: Head) -> Self {
        match head {
            Head::SequenceClassification => Self::TextClassification,
            Head::TokenClassification => Self::TokenClassification,
            Head::QuestionAnswering => Self::QuestionAnswering,
            Head::MultipleChoice => Self::MultipleChoice,
            Head::MaskedLm | Head::PreTraining => Self::FillMask,
            _ => Self::FeatureExtraction,
        }
    }

    /// The task that was asked for, or the one of the model's head.
    pub(crate) fn choose(asked: Option<Self>, model: &Model<'_>) -> Result<Self> {
        let head = model.config().head;
        let own = Self::of_head(head);
        let Some(task) = asked else { return Ok(own) };
        let fits = match task {
            Self::FeatureExtraction | Self::SentenceEmbedding => true,
            Self::SentenceOrder => head == Head::PreTraining,
            Self::ZeroShotClassification => own == Self::TextClassification,
            task => task == own,
        };
        if fits {
            return Ok(task);
        }
        let name = TASKS.iter().find(|(_, known)| *known == task).map_or("", |(name, _)| name);
        Err(Error::new(format_args!("--task {name} needs another head than the model's, {}", head.name())))
    }

    /// Whether a row has a list of results rather than one.
    pub(crate) fn lists(self, settings: &Settings) -> bool {
        match self {
            Self::TextClassification | Self::QuestionAnswering => settings.top_k.is_some_and(|k| k > 1),
            Self::SentenceOrder | Self::SentenceEmbedding => false,
            _ => true,
        }
    }

    /// The results of a row as lines of text or JSON, each ended by a line feed.
    pub(crate) fn answer(
        self,
        engine: &mut Engine<'_>,
        row: &Row,
        number: usize,
        settings: &Settings,
    ) -> Result<String> {
        let page = Page { number, json: settings.json };
        match self {
            Self::TextClassification => text_classification::answer(engine, row, settings).map(|x| page.of(&x)),
            Self::ZeroShotClassification => zero_shot::answer(engine, row, settings).map(|x| page.of(&[x])),
            Self::TokenClassification => token_classification::answer(engine, row, settings).map(|x| page.of(&x)),
            Self::QuestionAnswering => question_answering::answer(engine, row, settings).map(|x| page.of(&x)),
            Self::FillMask => fill_mask::answer(engine, row, settings).map(|x| page.of(&x)),
            Self::MultipleChoice => multiple_choice::answer(engine, row, settings).map(|x| page.of(&x)),
            Self::SentenceOrder => sentence_order::answer(engine, row).map(|x| page.of(&[x])),
            Self::FeatureExtraction => feature_extraction::hidden_states(engine, row).map(|x| page.of(&[x])),
            Self::SentenceEmbedding => feature_extraction::embedding(engine, row).map(|x| page.of(&[x])),
        }
    }
}

/// What the command line says about results.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) top_k: Option<usize>,
    pub(crate) options: TaskOptions,
    pub(crate) json: bool,
}

/// How results are written.
struct Page {
    number: usize,
    json: bool,
}

impl Page {
    fn of<T: Serialize + Display>(&self, results: &[T]) -> String {
        #[derive(Serialize)]
        struct InRow<'a, T> {
            #[serde(flatten)]
            result: &'a T,
            row: usize,
        }
        let mut page = String::new();
        for result in results {
            let written = match self.json {
                true => writeln!(page, "{}", json(&InRow { result, row: self.number })),
                false => writeln!(page, "{result}"),
            };
            // Writing to a string cannot fail.
            written.unwrap_or_default();
        }
        page
    }
}

/// A label and its score.
#[derive(Debug, Serialize)]
struct Label {
    label: String,
    score: f32,
    /// Layers that ran, where that is up to the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<u32>,
}

impl Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\t{:.4}", self.label, self.score)
    }
}

/// The `k` largest scores and their indices, in descending order, the first of equals first.
fn top(scores: &[f32], k: usize) -> Vec<(usize, f32)> {
    let mut ranked: Vec<(usize, f32)> = scores.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.truncate(k);
    ranked
}

/// Softmax.
fn softmax(kernels: Kernels, logits: &[f32]) -> Vec<f32> {
    let mut scores = logits.to_vec();
    heads::scores(kernels, ProblemType::SingleLabel, 1.0, &mut scores);
    scores
}

/// Tokens of a row's text or pair, or its ids.
fn tokens(engine: &mut Engine<'_>, row: &Row, limit: Option<usize>) -> Result<Tokens> {
    if !row.input_ids.is_empty() {
        return Ok(Tokens { ids: row.input_ids.clone(), types: row.token_type_ids.clone(), ..Tokens::default() });
    }
    engine.encode(not_empty(row.text()?)?, row.pair.as_deref(), limit)
}

fn not_empty(text: &str) -> Result<&str> {
    if text.trim().is_empty() { Err(Error::new("the text is empty")) } else { Ok(text) }
}
