//! A checkpoint's tensors, bound to the parameters.

use albert_core::config::{Config, Head};
use albert_core::format::layout::role;

use super::config::{config, drop_identity};
use super::masked_lm::masked_lm;
use super::usage::usage;
use super::{Extras, Network, Source, expected};
use crate::checkpoint::{Checkpoint, ElementType, Tensor};
use crate::error::{Error, Warning};
use crate::family::Family;
use crate::head::{self, HeadChoice, MlmBias};

impl Network {
    /// Binds every parameter to a tensor of the checkpoint, checking shapes and element types.
    pub(crate) fn from_checkpoint(
        mut checkpoint: Checkpoint,
        choice: HeadChoice,
        mlm_bias: MlmBias,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Error> {
        let exits = exits(&mut checkpoint);
        let family = checkpoint.config.family;
        let config_path = checkpoint.config_path.clone();
        let failed = |problem| Error::Config { path: config_path.clone(), problem };
        let head = head::choose(
            choice,
            checkpoint.config.architecture.as_deref(),
            &|name: &str| checkpoint.rows(name),
            warnings,
        )
        .map_err(failed)?;
        let pooler_act = family.adapt(&checkpoint.config, head, &mut checkpoint.tensors).map_err(failed)?;
        let sentence = checkpoint.sentence.take().filter(|_| head == Head::None);
        let usage = usage(&mut checkpoint, sentence.as_ref(), pooler_act, warnings);
        drop_identity(&mut checkpoint);
        let config = config(&checkpoint, choice, head, sentence.as_ref())?;
        let labels = labels(&checkpoint, &config, warnings);
        let groups = checkpoint.config.groups();
        let decoder = masked_lm(&mut checkpoint, &config, mlm_bias, warnings)?;
        let mut parameters = Vec::new();
        let exits = exits && config.head == Head::SequenceClassification;
        for expected in expected(&config, Extras { decoder: decoder.own_matrix, exits }) {
            let tensor = match checkpoint.tensors.remove(&expected.name) {
                Some(tensor) => tensor,
                // DistilBERT has no token types, and a dense layer may have no bias.
                None if expected.role == role::TOKEN_TYPE_EMBEDDINGS && family == Family::DistilBert => {
                    parameters.push(expected.bind(Source::Constant(0.0)));
                    continue;
                }
                None if expected.role == role::SENTENCE_DENSE_BIAS => {
                    parameters.push(expected.bind(Source::Constant(0.0)));
                    continue;
                }
                None if expected.role >= role::POOLER => {
                    return Err(Error::MissingHeadTensor { name: expected.name, head: config.head });
                }
                None => return Err(Error::MissingTensor { name: expected.name }),
            };
            check(&expected.name, &expected.shape(), &tensor)?;
            if let Some(added) = checkpoint.added.remove(&expected.name) {
                parameters.push(expected.bind(Source::Adapted(tensor, added)));
                continue;
            }
            parameters.push(match decoder.second_bias.as_ref().filter(|_| expected.role == role::MLM_DECODER_BIAS) {
                Some(second) => {
                    check("predictions.bias", &expected.shape(), second)?;
                    expected.bind(Source::Sum(tensor, second.clone()))
                }
                None => expected.bind(Source::Tensor(tensor)),
            });
        }
        if let Some(name) = checkpoint.added.into_keys().next() {
            return Err(Error::AdapterUnused { name });
        }
        let unused: Vec<String> = checkpoint.tensors.into_keys().filter(|name| !droppable(name)).collect();
        if !unused.is_empty() {
            warnings.push(Warning::UnusedTensors(unused));
        }
        Ok(Self { config, usage, groups, labels, parameters })
    }
}

/// Tensors of other heads: left out knowingly, without a warning.
fn droppable(name: &str) -> bool {
    const HEADS: [&str; 9] = [
        "predictions.",
        "sop_classifier.",
        "classifier.",
        "classifiers.",
        "qa_outputs.",
        "pooler.",
        "pre_classifier.",
        "cls.",
        "discriminator_predictions.",
    ];
    HEADS.iter().any(|head| name.starts_with(head))
}

fn check(name: &str, shape: &[usize], tensor: &Tensor) -> Result<(), Error> {
    if let ElementType::Other(found) = tensor.element() {
        return Err(Error::ElementType { name: name.to_owned(), found: found.to_string() });
    }
    if tensor.shape() != shape {
        let (expected, found) = (shape.to_vec(), tensor.shape().to_vec());
        return Err(Error::Shape { name: name.to_owned(), expected, found });
    }
    Ok(())
}

/// The label names of a classifier: those of the configuration by id, `LABEL_i` where it has none.
fn labels(checkpoint: &Checkpoint, config: &Config, warnings: &mut Vec<Warning>) -> Vec<String> {
    if !matches!(config.head, Head::SequenceClassification | Head::TokenClassification) {
        return Vec::new();
    }
    let names = &checkpoint.config.labels;
    let head = config.num_labels as usize;
    if !names.is_empty() && names.len() != head {
        warnings.push(Warning::LabelCount { config: names.len(), head });
    }
    (0..config.num_labels).map(|id| names.get(&id).cloned().unwrap_or_else(|| format!("LABEL_{id}"))).collect()
}

/// Whether the checkpoint has a classifier for every layer, as PABEE trains them: `classifiers.{layer}`. The last one is
/// `classifier` afterwards.
fn exits(checkpoint: &mut Checkpoint) -> bool {
    let tensors = &mut checkpoint.tensors;
    if !tensors.contains_key("classifiers.0.weight") {
        return false;
    }
    let last = checkpoint.config.num_hidden_layers.saturating_sub(1);
    for part in ["weight", "bias"] {
        if let Some(tensor) = tensors.remove(&format!("classifiers.{last}.{part}")) {
            tensors.insert(format!("classifier.{part}"), tensor);
        }
    }
    true
}
