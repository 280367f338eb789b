//! Labels that the model was not trained on: each makes a hypothesis, and a model of natural language inference says how far
//! the text entails it.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use albert_core::tokenizer::{EncodeError, EncodeOptions, Truncation};

use super::calls::{batches, task};
use super::ranking::{softmax, top};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Field, Result};
use crate::model::entailment;
use crate::task::Task;
use crate::text::not_empty;

/// All labels in descending order of their scores, with the fields of the pipeline.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Ranking {
    /// The text.
    pub sequence: String,
    /// The labels, the best first.
    pub labels: Vec<String>,
    /// A score for each label.
    pub scores: Vec<f32>,
}

/// Labels that the model was not trained on, by a model of natural language inference.
#[derive(Clone, Debug)]
pub struct ZeroShotClassification {
    engine: Engine,
    top_k: usize,
    /// What stands before a label and after it.
    hypothesis: (String, String),
    multi_label: bool,
    /// Output that says "entailment".
    entailment: usize,
}

task!(ZeroShotClassification, ZeroShotClassification);
batches!(
    ZeroShotClassification,
    <T: [AsRef<str>], L: [IntoIterator<Item: AsRef<str>>]> (T, L),
    Ranking,
    |task, row| task.run(row.0, row.1)
);

impl ZeroShotClassification {
    fn on(engine: Engine) -> Self {
        let entailment = entailment(engine.model()).unwrap_or(0);
        let hypothesis = ("This example is ".to_owned(), ".".to_owned());
        Self { engine, top_k: usize::MAX, hypothesis, multi_label: false, entailment }
    }

    /// The task for a model whose label for "entailment" has another name.
    ///
    /// # Errors
    /// As [`Self::new`]; [`Error::NoLabel`] when the model has no such label.
    pub fn with_entailment_label(engine: Engine, label: &str) -> Result<Self> {
        match Task::ZeroShotClassification.check(engine.model()) {
            Ok(()) | Err(Error::NoEntailmentLabel) => {}
            Err(error) => return Err(error),
        }
        let entailment = engine.model().labels().iter().position(|name| name == label);
        let entailment = entailment.ok_or_else(|| Error::NoLabel { label: label.to_owned() })?;
        Ok(Self { entailment, ..Self::on(engine) })
    }

    /// Most labels of a result; all unless this says otherwise.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = k;
        self
    }

    /// What is said of a label, which takes the place of `{}`: "This example is {}." unless this says otherwise.
    ///
    /// # Errors
    /// [`Error::Template`] without `{}`.
    pub fn hypothesis_template(mut self, template: &str) -> Result<Self> {
        let (before, after) = template.split_once("{}").ok_or(Error::Template)?;
        self.hypothesis = (before.to_owned(), after.to_owned());
        Ok(self)
    }

    /// Whether each label is scored by itself, so that several may hold.
    pub fn multi_label(mut self, multi_label: bool) -> Self {
        self.multi_label = multi_label;
        self
    }

    /// Ranks the candidate labels. A text that is too long is cut.
    ///
    /// # Errors
    /// [`Error::Missing`] without labels; those of [`Engine::encode`] and [`Engine::run`]; [`Error::EmptyText`].
    pub fn run(&self, text: impl AsRef<str>, candidate_labels: impl IntoIterator<Item: AsRef<str>>) -> Result<Ranking> {
        let engine = &self.engine;
        let text = not_empty(text.as_ref())?;
        let labels: Vec<String> = candidate_labels.into_iter().map(|label| label.as_ref().to_owned()).collect();
        if labels.is_empty() {
            return Err(Error::Missing(Field::CandidateLabels));
        }
        let contradiction = self.contradiction();
        let alone = self.multi_label || labels.len() == 1;
        let (mut entailed, mut scores) = (Vec::new(), Vec::new());
        let hypothesis = |label| format!("{}{label}{}", self.hypothesis.0, self.hypothesis.1);
        let inputs: Result<Vec<Tokens>> = labels.iter().map(|label| self.encode(text, &hypothesis(label))).collect();
        for logits in engine.logits_of(&inputs?)? {
            let logit = |role: usize| logits.get(role).copied().unwrap_or(f32::NEG_INFINITY);
            if alone {
                let of_two = softmax(engine.kernels_in_use(), &[logit(contradiction), logit(self.entailment)]);
                scores.extend(of_two.get(1));
            }
            entailed.push(logit(self.entailment));
        }
        if !alone {
            scores = softmax(engine.kernels_in_use(), &entailed);
        }
        let best = top(&scores, self.top_k).into_iter();
        let (labels, scores) = best.map(|(index, score)| (labels[index].clone(), score)).unzip();
        Ok(Ranking { sequence: text.to_owned(), labels, scores })
    }

    /// The output that says "contradiction", for lack of a better one: the first, or the last when the first says
    /// "entailment".
    fn contradiction(&self) -> usize {
        let last = (self.engine.model().config().num_labels as usize).saturating_sub(1);
        if self.entailment == 0 { last } else { 0 }
    }

    /// Text and hypothesis. Only the text is cut when they are too long together; when that does not help, nothing is.
    fn encode(&self, text: &str, hypothesis: &str) -> Result<Tokens> {
        let limit = Some(self.engine.model().max_tokens());
        let options =
            EncodeOptions { max_tokens: limit, truncation: Truncation::OnlyFirst, ..EncodeOptions::default() };
        match self.engine.encode(text, Some(hypothesis), &options) {
            Err(Error::Encode(EncodeError::SequenceTooShort | EncodeError::LimitTooSmall { .. })) => {
                self.engine.encode(text, Some(hypothesis), &EncodeOptions::default())
            }
            encoded => encoded,
        }
    }
}
