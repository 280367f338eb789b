//! Which tasks a model serves.

use albert_core::config::Head;

use super::Model;
use crate::error::{Error, Result};
use crate::task::Task;

impl Task {
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
