//! Inputs and results of any task.

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::{Error, Field, Result};
use crate::tasks::{Answer, Choice, Embedding, Entity, Filling, HiddenStates, Label, Ranked, Ranking};
use crate::text::Text;

/// An input of any task. Which fields there must be is up to the task; those that it does not read are ignored, but for a
/// second text where there can be none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Request {
    /// The text, or the query of a reranking.
    pub text: Option<String>,
    /// Second text.
    #[cfg_attr(feature = "serde", serde(alias = "pair"))]
    pub text_pair: Option<String>,
    /// Question answering: the question.
    pub question: Option<String>,
    /// Question answering: the text that holds the answer; `text` will do.
    pub context: Option<String>,
    /// Multiple choice: the choices.
    pub choices: Vec<String>,
    /// Fill-mask: tokens to choose from.
    pub targets: Vec<String>,
    /// Zero-shot classification: labels to choose from.
    pub candidate_labels: Vec<String>,
    /// Reranking: the documents.
    pub documents: Vec<String>,
    /// Ids in place of a text, special tokens included.
    pub input_ids: Vec<u32>,
    /// As many token types, or none.
    pub token_type_ids: Vec<u32>,
}

impl Request {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// The text, pair or ids.
    pub(crate) fn as_text(&self) -> Result<Text<'_>> {
        if !self.input_ids.is_empty() {
            return Ok(Text::Ids { ids: &self.input_ids, token_types: &self.token_type_ids });
        }
        let text = self.need_text()?;
        Ok(self.text_pair.as_deref().map_or(Text::One(text), |pair| Text::Pair(text, pair)))
    }

    /// The text.
    pub(crate) fn need_text(&self) -> Result<&str> {
        self.text.as_deref().ok_or(Error::Missing(Field::Text))
    }
}

/// The result of any task.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
#[non_exhaustive]
pub enum Response {
    /// Text classification, the best first.
    Labels(Vec<Label>),
    /// Zero-shot classification.
    Ranking(Ranking),
    /// Token classification, from left to right.
    Entities(Vec<Entity>),
    /// Question answering, the best first.
    Answers(Vec<Answer>),
    /// Fill-mask, mask by mask, the best first.
    Fillings(Vec<Filling>),
    /// Multiple choice, the best first.
    Choices(Vec<Choice>),
    /// Sentence order.
    Order(Label),
    /// Feature extraction.
    HiddenStates(HiddenStates),
    /// Sentence embedding.
    Embedding(Embedding),
    /// Reranking, the best first.
    Ranked(Vec<Ranked>),
}
