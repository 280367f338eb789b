//! Families of checkpoints whose networks are ALBERT's under other names.
//!
//! BERT is an ALBERT with as many groups as layers and embeddings of the hidden width. What other families change besides names
//! is settled by their names here, by their heads in [`head`](crate::head) and by their tensors in [`adapt`](crate::adapt).

use albert_core::config::Activation;

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
}
