//! The tasks and their names.

use core::fmt;
use core::str::FromStr;

use albert_core::config::Head;

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
