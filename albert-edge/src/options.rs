//! Options of all tasks by name, for programs that learn the task when they run.

use alloc::string::String;
use alloc::vec::Vec;

use albert_core::heads::Aggregation;
use albert_core::tokenizer::Truncation;

use crate::error::{Error, Result};
use crate::task::Task;
use crate::tasks::Function;

/// Declares the options, each with the tasks that have it.
macro_rules! options {
    ($($(#[$meta:meta])* $name:ident: $type:ty => [$($task:ident),+],)*) => {
        /// Options of all tasks, with the names of the Hugging Face pipelines. `None` is the task's default.
        #[derive(Clone, Debug, Default, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(default, deny_unknown_fields))]
        #[non_exhaustive]
        pub struct Options {
            $($(#[$meta])* pub $name: Option<$type>,)*
        }

        impl Options {
            /// Names of the options that are given.
            pub fn given(&self) -> impl Iterator<Item = &'static str> {
                [$((stringify!($name), self.$name.is_some())),*].into_iter().filter(|(_, given)| *given).map(|(name, _)| name)
            }
        }

        impl Task {
            /// Whether the task has an option of this name.
            pub fn has_option(self, name: &str) -> bool {
                $((name == stringify!($name) && matches!(self, $(Self::$task)|+)))||*
            }
        }
    };
}

options! {
    /// Most results for an input.
    top_k: usize => [
        TextClassification, ZeroShotClassification, QuestionAnswering, FillMask, MultipleChoice, Reranking
    ],
    /// How logits become scores: `default`, `softmax`, `sigmoid` or `none`.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "names::function"))]
    function_to_apply: Function => [TextClassification, Reranking],
    /// Sentence that each label is put into, in place of `{}`.
    hypothesis_template: String => [ZeroShotClassification],
    /// Whether each label is scored by itself.
    multi_label: bool => [ZeroShotClassification],
    /// Name of the model's label for entailment, if it does not begin with "entail".
    entailment_label: String => [ZeroShotClassification],
    /// Labels to choose from, for requests that have none of their own.
    candidate_labels: Vec<String> => [ZeroShotClassification],
    /// How tokens become entities: `none`, `simple`, `first`, `average` or `max`.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "names::aggregation"))]
    aggregation_strategy: Aggregation => [TokenClassification],
    /// Tokens that windows over a long text share.
    stride: usize => [TokenClassification],
    /// Tokens to choose from, for requests that have none of their own.
    targets: Vec<String> => [FillMask],
    /// Tokens of a window, question and special tokens included.
    max_seq_len: usize => [QuestionAnswering],
    /// Tokens that neighbouring windows share.
    doc_stride: usize => [QuestionAnswering],
    /// Most tokens of an answer.
    max_answer_len: usize => [QuestionAnswering],
    /// Whether answers extend to whole words.
    align_to_words: bool => [QuestionAnswering],
    /// Whether "no answer" is a possible answer.
    handle_impossible_answer: bool => [QuestionAnswering],
    /// Scales embeddings to length 1, even if the model file does not ask for it.
    normalize: bool => [SentenceEmbedding],
    /// How texts that are too long are cut: `longest_first`, `only_first`, `only_second` or `do_not_truncate`.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "names::truncation"))]
    truncation: Truncation => [
        TextClassification, TokenClassification, FillMask, MultipleChoice, SentenceOrder, FeatureExtraction,
        SentenceEmbedding, Reranking
    ],
    /// Most tokens of an input, special tokens included.
    max_length: usize => [
        TextClassification, TokenClassification, FillMask, MultipleChoice, SentenceOrder, FeatureExtraction,
        SentenceEmbedding, Reranking
    ],
}

impl Options {
    /// Whether the task has all the options that are given.
    ///
    /// # Errors
    /// [`Error::Option`] with the first that it has not.
    pub fn check(&self, task: Task) -> Result<()> {
        match self.given().find(|name| !task.has_option(name)) {
            Some(option) => Err(Error::Option { option, task }),
            None => Ok(()),
        }
    }
}

/// Values by name.
#[cfg(feature = "serde")]
mod names {
    use super::{Aggregation, Function, Truncation};
    use alloc::format;
    use alloc::string::String;
    use serde::de::{Deserialize, Deserializer, Error};

    fn named<'de, D: Deserializer<'de>, T>(
        deserializer: D,
        from_name: fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, D::Error> {
        let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        from_name(&name).map(Some).ok_or_else(|| Error::custom(format!("{name:?}: expected {expected}")))
    }

    pub(super) fn function<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Function>, D::Error> {
        named(deserializer, Function::from_name, "default, softmax, sigmoid or none")
    }

    pub(super) fn aggregation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Aggregation>, D::Error> {
        named(deserializer, Aggregation::from_name, "none, simple, first, average or max")
    }

    pub(super) fn truncation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Truncation>, D::Error> {
        named(deserializer, Truncation::from_name, "longest_first, only_first, only_second or do_not_truncate")
    }
}
