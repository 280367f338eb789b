//! Which head the network ends in.

use std::str::FromStr;

use albert_core::config::Head;

use crate::error::{ConfigProblem, Warning};
use crate::family::Family;

/// The head to convert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadChoice {
    /// The head that `architectures` names, or else the one that the tensors belong to.
    #[default]
    Auto,
    /// This head. [`Head::None`] drops the head and keeps the pooler, if there is one.
    Use(Head),
    /// Neither head nor pooler: hidden states only.
    Encoder,
}

/// The masked-LM bias to use in checkpoints that have two different ones. There will be no other choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two biases: either or both")]
pub enum MlmBias {
    /// `predictions.decoder.bias`, as in transformers since version 3.
    #[default]
    Decoder,
    /// `predictions.bias`.
    Predictions,
    /// Their sum, as in transformers 2.
    Sum,
}

impl MlmBias {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Decoder => "predictions.decoder.bias",
            Self::Predictions => "predictions.bias",
            Self::Sum => "their sum",
        }
    }
}

/// A name that no head has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown head {0:?}; expected one of {ENCODER}, {names}", names = names().join(", "))]
pub struct UnknownHead(String);

/// What [`HeadChoice::Encoder`] is called.
const ENCODER: &str = "encoder";

/// What the heads are called.
fn names() -> Vec<&'static str> {
    Head::ALL.iter().copied().map(Head::name).collect()
}

impl FromStr for HeadChoice {
    type Err = UnknownHead;

    fn from_str(name: &str) -> Result<Self, UnknownHead> {
        if name == ENCODER {
            return Ok(Self::Encoder);
        }
        let head = Head::from_name(name);
        head.map(Self::Use).ok_or_else(|| UnknownHead(name.to_owned()))
    }
}

impl Family {
    /// The head of a class, by its name without the family's.
    pub(crate) fn head(self, class: &str, warnings: &mut Vec<Warning>) -> Option<Head> {
        Some(match (class, self) {
            ("Model", _) => Head::None,
            ("ForMaskedLM", _) => Head::MaskedLm,
            ("ForSequenceClassification", _) | ("ForSequenceClassificationWithPabee", Self::Albert) => {
                Head::SequenceClassification
            }
            ("ForTokenClassification", _) => Head::TokenClassification,
            ("ForQuestionAnswering", _) => Head::QuestionAnswering,
            // ELECTRA's summary has options of its own.
            ("ForMultipleChoice", family) if family != Self::Electra => Head::MultipleChoice,
            ("ForPreTraining", Self::Albert) => Head::PreTraining,
            ("ForPreTraining", Self::Bert) => {
                warnings.push(Warning::HeadLeftOut("next sentence"));
                Head::MaskedLm
            }
            ("ForPreTraining", Self::Electra) => {
                warnings.push(Warning::HeadLeftOut("replaced tokens"));
                Head::None
            }
            _ => return None,
        })
    }
}

/// The head of a class of the reference library, its TensorFlow and Flax twins included.
fn of_architecture(class: &str, warnings: &mut Vec<Warning>) -> Option<Head> {
    let (family, class) = Family::of_class(class)?;
    family.head(class, warnings)
}

/// The head that the tensors form, when the configuration is silent. `rows` gives a tensor's first dimension.
fn of_tensors(rows: &dyn Fn(&str) -> Option<usize>) -> Head {
    let has = |name| rows(name).is_some();
    match rows("classifier.weight") {
        _ if has("qa_outputs.weight") => Head::QuestionAnswering,
        _ if has("predictions.dense.weight") && has("sop_classifier.classifier.weight") => Head::PreTraining,
        _ if has("predictions.dense.weight") => Head::MaskedLm,
        Some(_) if has("pooler.weight") => Head::SequenceClassification,
        Some(_) => Head::TokenClassification,
        None => Head::None,
    }
}

/// Decides on the head. `rows` gives the first dimension of a tensor of the checkpoint, if it exists.
pub(crate) fn choose(
    choice: HeadChoice,
    architecture: Option<&str>,
    rows: &dyn Fn(&str) -> Option<usize>,
    warnings: &mut Vec<Warning>,
) -> Result<Head, ConfigProblem> {
    match (choice, architecture) {
        (HeadChoice::Use(head), _) => Ok(head),
        (HeadChoice::Encoder, _) => Ok(Head::None),
        (HeadChoice::Auto, Some(class)) => {
            let head = of_architecture(class, warnings).ok_or_else(|| ConfigProblem::Architecture(class.to_owned()))?;
            if head == Head::PreTraining && rows("sop_classifier.classifier.weight").is_none() {
                warnings.push(Warning::NoSentenceOrder);
                return Ok(Head::MaskedLm);
            }
            Ok(head)
        }
        (HeadChoice::Auto, None) => {
            let head = of_tensors(rows);
            warnings.push(Warning::GuessedHead(head));
            Ok(head)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(architecture: Option<&str>, tensors: &[(&str, usize)]) -> (Result<Head, String>, Vec<Warning>) {
        let rows = |name: &str| tensors.iter().find(|(n, _)| *n == name).map(|&(_, rows)| rows);
        let mut warnings = Vec::new();
        let head = choose(HeadChoice::Auto, architecture, &rows, &mut warnings);
        (head.map_err(|problem| problem.to_string()), warnings)
    }

    #[test]
    fn architectures_name_the_head() {
        assert_eq!(auto(Some("AlbertModel"), &[("classifier.weight", 2)]), (Ok(Head::None), vec![]));
        assert_eq!(auto(Some("TFAlbertForMaskedLM"), &[]), (Ok(Head::MaskedLm), vec![]));
        assert_eq!(auto(Some("FlaxAlbertForMultipleChoice"), &[]), (Ok(Head::MultipleChoice), vec![]));
        assert_eq!(auto(Some("BertForMaskedLM"), &[]), (Ok(Head::MaskedLm), vec![]));
        assert_eq!(auto(Some("XLMRobertaForTokenClassification"), &[]), (Ok(Head::TokenClassification), vec![]));
        assert_eq!(auto(Some("ElectraForPreTraining"), &[]).0, Ok(Head::None));
        for class in ["BertLMHeadModel", "BertForNextSentencePrediction", "CustomAlbert", "ElectraForMultipleChoice"] {
            let (unknown, _) = auto(Some(class), &[]);
            let expected = format!("unknown architecture \"{class}\"; choose a head with --head");
            assert_eq!(unknown.unwrap_err(), expected);
        }
    }

    #[test]
    fn released_pretraining_checkpoints_lack_the_sentence_order_head() {
        let (head, warnings) = auto(Some("AlbertForPreTraining"), &[("predictions.dense.weight", 8)]);
        assert_eq!((head, warnings), (Ok(Head::MaskedLm), vec![Warning::NoSentenceOrder]));
    }

    #[test]
    fn tensors_decide_when_the_configuration_is_silent() {
        let guess = |tensors| auto(None, tensors).0.unwrap();
        assert_eq!(guess(&[]), Head::None);
        assert_eq!(guess(&[("qa_outputs.weight", 2)]), Head::QuestionAnswering);
        assert_eq!(guess(&[("classifier.weight", 3), ("pooler.weight", 8)]), Head::SequenceClassification);
        assert_eq!(guess(&[("classifier.weight", 3)]), Head::TokenClassification);
        assert_eq!(guess(&[("predictions.dense.weight", 8)]), Head::MaskedLm);
        let both = [("predictions.dense.weight", 8), ("sop_classifier.classifier.weight", 2)];
        assert_eq!(guess(&both), Head::PreTraining);
    }

    #[test]
    fn names_round_trip() {
        for &head in Head::ALL {
            assert_eq!(head.name().parse(), Ok(HeadChoice::Use(head)));
        }
        assert_eq!("encoder".parse(), Ok(HeadChoice::Encoder));
        assert!("classifier".parse::<HeadChoice>().unwrap_err().to_string().contains("sequence-classification"));
    }
}
