//! Brings the tensors of other families into the form of ALBERT's.

use albert_core::config::{Activation, Head};

use crate::checkpoint::Tensors;
use crate::config::CheckpointConfig;
use crate::error::ConfigProblem;
use crate::family::Family;

impl Family {
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
