//! The tasks and their names.

use core::fmt;
use core::str::FromStr;

use albert_core::config::Head;

use crate::error::{Error, Result};
use crate::model::Model;

/// What is asked of a model, named as the Hugging Face pipelines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// Labels of a text or a pair of texts.
    TextClassification,
    /// Labels that the model was not trained on.
    ZeroShotClassification,
    /// Labels of tokens, or the entities that they form.
    TokenClassification,
    /// The answer to a question within a text.
    QuestionAnswering,
    /// The most probable tokens at the masks of a text.
    FillMask,
    /// Which of several choices goes with a text.
    MultipleChoice,
    /// Whether two segments stand in their original order.
    SentenceOrder,
    /// The last hidden state of every token.
    FeatureExtraction,
    /// One vector for a text.
    SentenceEmbedding,
    /// Documents in the order of their relevance to a query.
    Reranking,
}

impl Task {
    /// Every task.
    pub const ALL: &'static [Self] = &[
        Self::TextClassification,
        Self::ZeroShotClassification,
        Self::TokenClassification,
        Self::QuestionAnswering,
        Self::FillMask,
        Self::MultipleChoice,
        Self::SentenceOrder,
        Self::FeatureExtraction,
        Self::SentenceEmbedding,
        Self::Reranking,
    ];

    /// The task's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TextClassification => "text-classification",
            Self::ZeroShotClassification => "zero-shot-classification",
            Self::TokenClassification => "token-classification",
            Self::QuestionAnswering => "question-answering",
            Self::FillMask => "fill-mask",
            Self::MultipleChoice => "multiple-choice",
            Self::SentenceOrder => "sentence-order",
            Self::FeatureExtraction => "feature-extraction",
            Self::SentenceEmbedding => "sentence-embedding",
            Self::Reranking => "reranking",
        }
    }

    /// What a head is made for.
    pub const fn of_head(head: Head) -> Self {
        match head {
            Head::SequenceClassification => Self::TextClassification,
            Head::TokenClassification => Self::TokenClassification,
            Head::QuestionAnswering => Self::QuestionAnswering,
            Head::MultipleChoice => Self::MultipleChoice,
            Head::MaskedLm | Head::PreTraining => Self::FillMask,
            _ => Self::FeatureExtraction,
        }
    }

    /// Whether a model serves the task.
    pub fn fits(self, model: &Model) -> bool {
        self.check(model).is_ok()
    }

    /// As [`Task::fits`], with the reason.
    ///
    /// # Errors
    /// [`Error::Head`], [`Error::NoEntailmentLabel`], [`Error::NotARanker`].
    pub fn check(self, model: &Model) -> Result<()> {
        let config = model.config();
        let own = Self::of_head(config.head);
        let fits = match self {
            Self::FeatureExtraction | Self::SentenceEmbedding => true,
            Self::SentenceOrder => config.head == Head::PreTraining,
            Self::ZeroShotClassification | Self::Reranking => own == Self::TextClassification,
            task => task == own,
        };
        match self {
            _ if !fits => Err(Error::Head { task: self, head: config.head }),
            Self::ZeroShotClassification if entailment(model).is_none() => Err(Error::NoEntailmentLabel),
            Self::Reranking if config.num_labels != 1 => Err(Error::NotARanker { labels: config.num_labels }),
            _ => Ok(()),
        }
    }
}

/// The label that says "entailment".
pub(crate) fn entailment(model: &Model) -> Option<usize> {
    let entails = |&index: &usize| model.label(index).to_lowercase().starts_with("entail");
    (0..model.config().num_labels as usize).find(entails)
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no task's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownTask;

impl fmt::Display for UnknownTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected one of ")?;
        for (index, task) in Task::ALL.iter().enumerate() {
            write!(f, "{}{task}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownTask {}

impl FromStr for Task {
    type Err = UnknownTask;

    fn from_str(name: &str) -> Result<Self, UnknownTask> {
        Self::ALL.iter().copied().find(|task| task.name() == name).ok_or(UnknownTask)
    }
}
