//! Documents in the order of their relevance to a query.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use albert_core::config::ProblemType;
use albert_core::heads;
use albert_core::tokenizer::Truncation;

use super::calls::{batches, task};
use super::ranking::top;
use super::text_classification::Function;
use crate::engine::Engine;
use crate::error::{Error, Field, Result};
use crate::text::{Limits, Text};

/// A document and its score, with the field names of sentence-transformers' cross-encoders.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Ranked {
    /// Its place among the documents, from 0.
    pub corpus_id: usize,
    /// Its score.
    pub score: f32,
    /// The document.
    pub text: String,
}

/// Documents in descending order of their relevance to a query: a cross-encoder, which is a classifier of one output over the
/// pair of query and document.
#[derive(Clone, Debug)]
pub struct Reranking {
    engine: Engine,
    limits: Limits,
    top_k: usize,
    function: Function,
}

task!(Reranking, Reranking);
batches!(
    Reranking,
    <T: [AsRef<str>], D: [IntoIterator<Item: AsRef<str>>]> (T, D),
    Vec<Ranked>,
    |task, row| task.run(row.0, row.1)
);

impl Reranking {
    fn on(engine: Engine) -> Self {
        Self { engine, limits: Limits::CUT, top_k: usize::MAX, function: Function::Sigmoid }
    }

    /// Most documents of a result; all unless this says otherwise.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = k;
        self
    }

    /// What makes a score of the logit: a sigmoid unless this says otherwise.
    pub fn function_to_apply(mut self, function: Function) -> Self {
        self.function = function;
        self
    }

    /// How a query and a document that are too long together are cut: the end of the longer one, unless this says otherwise.
    pub fn truncation(mut self, truncation: Truncation) -> Self {
        self.limits.truncation = truncation;
        self
    }

    /// Most tokens of query and document, special tokens included; the model's own limit if that is lower.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.limits.max_length = Some(tokens);
        self
    }

    /// The documents in descending order of their scores.
    ///
    /// # Errors
    /// [`Error::Missing`] without documents; those of [`Engine::encode`] and [`Engine::run`]; [`Error::EmptyText`].
    pub fn run(&self, query: impl AsRef<str>, documents: impl IntoIterator<Item: AsRef<str>>) -> Result<Vec<Ranked>> {
        let mut texts = Vec::new();
        let mut inputs = Vec::new();
        for document in documents {
            let pair = Text::Pair(query.as_ref(), document.as_ref());
            inputs.push(self.limits.encode(&self.engine, pair)?);
            texts.push(document.as_ref().to_owned());
        }
        if texts.is_empty() {
            return Err(Error::Missing(Field::Documents));
        }
        let logits = self.engine.logits_of(&inputs)?;
        let mut scores: Vec<f32> = logits.iter().filter_map(|logits| logits.first().copied()).collect();
        // A softmax over one output would say nothing.
        let function = match self.function.problem_type(ProblemType::MultiLabel) {
            ProblemType::SingleLabel => ProblemType::MultiLabel,
            function => function,
        };
        heads::scores(self.engine.kernels_in_use(), function, 1.0, &mut scores);
        let best = top(&scores, self.top_k).into_iter();
        Ok(best.map(|(index, score)| Ranked { corpus_id: index, score, text: texts[index].clone() }).collect())
    }
}
