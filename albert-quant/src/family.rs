//! Families of checkpoints whose networks are ALBERT's under other names.
//!
//! BERT is an ALBERT with as many groups as layers and embeddings of the hidden width. What other families change besides names
//! is settled here: where positions start, what their configurations are written in, and what their heads consist of.

use albert_core::config::{Activation, Head};

use crate::checkpoint::Tensors;
use crate::config::CheckpointConfig;
use crate::error::{ConfigProblem, Warning};

/// A family of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Albert,
    Bert,
    /// RoBERTa, XLM-RoBERTa, CamemBERT: positions start after the padding token's id.
    Roberta,
    /// Without token types.
    DistilBert,
    /// Embeddings of a width of their own, mapped when it is not the hidden one.
    Electra,
}

/// `model_type`, family, and what the names of the reference's classes start with.
const KINDS: [(&str, Family, &str); 7] = [
    ("albert", Family::Albert, "Albert"),
    ("bert", Family::Bert, "Bert"),
    ("roberta", Family::Roberta, "Roberta"),
    ("xlm-roberta", Family::Roberta, "XLMRoberta"),
    ("camembert", Family::Roberta, "Camembert"),
    ("distilbert", Family::DistilBert, "DistilBert"),
    ("electra", Family::Electra, "Electra"),
];

impl Family {
    /// The family of a `model_type`.
    pub(crate) fn of_model_type(name: &str) -> Option<Self> {
        KINDS.iter().find(|(model_type, ..)| *model_type == name).map(|(_, family, _)| *family)
    }

    /// The family of a class of the reference library, and what the class is called in it: `Model`, `ForMaskedLM`.
    pub(crate) fn of_class(class: &str) -> Option<(Self, &str)> {
        // The TensorFlow and Flax twins of a class are the same network.
        let class = class.strip_prefix("TF").or_else(|| class.strip_prefix("Flax")).unwrap_or(class);
        KINDS.iter().find_map(|(_, family, prefix)| {
            let rest = class.strip_prefix(prefix)?;
            (rest == "Model" || rest.starts_with("For")).then_some((*family, rest))
        })
    }

    /// Names of the families' `model_type`s, for errors.
    pub(crate) fn names() -> String {
        KINDS.map(|(model_type, ..)| model_type).join(", ")
    }

    /// What a configuration without `hidden_act` means.
    pub(crate) fn default_activation(self) -> Activation {
        if self == Self::Albert { Activation::GeluTanh } else { Activation::Gelu }
    }

    /// What a size is called in the family's configurations.
    pub(crate) fn key(self, key: &'static str) -> &'static str {
        match (self, key) {
            (Self::DistilBert, "hidden_size") => "dim",
            (Self::DistilBert, "num_hidden_layers") => "n_layers",
            (Self::DistilBert, "num_attention_heads") => "n_heads",
            (Self::DistilBert, "intermediate_size") => "hidden_dim",
            (Self::DistilBert, "hidden_act") => "activation",
            _ => key,
        }
    }

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

    /// Brings the tensors of a head into the form of ALBERT's; returns the activation of the layer between the first token's
    /// hidden state and a classifier.
    pub(crate) fn adapt(
        self,
        config: &CheckpointConfig,
        head: Head,
        tensors: &mut Tensors,
    ) -> Result<Activation, ConfigProblem> {
        if self == Self::Roberta {
            const POSITIONS: &str = "embeddings.position_embeddings.weight";
            if let Some(positions) = tensors.remove(POSITIONS) {
                let rest = positions.rows_from(config.first_position as usize);
                tensors.insert(POSITIONS.to_owned(), rest);
            }
        }
        let mut rename = |from: &str, to: &str| {
            let mut found = false;
            for part in ["weight", "bias"] {
                if let Some(tensor) = tensors.remove(&format!("{from}.{part}")) {
                    tensors.insert(format!("{to}.{part}"), tensor);
                    found = true;
                }
            }
            found
        };
        match (self, head) {
            (Self::Roberta | Self::Electra, Head::SequenceClassification) => {
                rename("classifier.dense", "pooler");
                rename("classifier.out_proj", "classifier");
            }
            (Self::DistilBert, Head::SequenceClassification | Head::MultipleChoice) => {
                rename("pre_classifier", "pooler");
            }
            // Their decoders' transformations are always GELU, whatever the layers have.
            (Self::Roberta | Self::Electra, Head::MaskedLm) if config.hidden_act != Activation::Gelu => {
                return Err(ConfigProblem::Unsupported {
                    key: "hidden_act",
                    found: format!("{:?}", config.hidden_act),
                    reason: "the masked-LM head has gelu, and the layers have another",
                });
            }
            _ => {}
        }
        Ok(match (self, head) {
            (Self::DistilBert, Head::SequenceClassification | Head::MultipleChoice) => Activation::Relu,
            (Self::Electra, Head::SequenceClassification) => Activation::Gelu,
            _ => Activation::Tanh,
        })
    }
}
