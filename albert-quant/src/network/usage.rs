//! How a sentence-transformers checkpoint wants to be used.

use albert_core::config::{Activation, SentenceEmbedding};

use crate::checkpoint::{Checkpoint, Sentence};
use crate::error::Warning;
use crate::sections::Usage;

/// What a sentence-transformers checkpoint says about its use; its dense layer goes to the other tensors.
pub(super) fn usage(
    checkpoint: &mut Checkpoint,
    sentence: Option<&Sentence>,
    pooler_act: Activation,
    warnings: &mut Vec<Warning>,
) -> Usage {
    let usage = Usage { pooler_act, ..Usage::default() };
    let Some(sentence) = sentence else { return usage };
    if let Some(dense) = &sentence.dense {
        checkpoint.tensors.insert("2_Dense.linear.weight".to_owned(), dense.weight.clone());
        if let Some(bias) = &dense.bias {
            checkpoint.tensors.insert("2_Dense.linear.bias".to_owned(), bias.clone());
        }
    }
    let positions = checkpoint.config.max_position_embeddings;
    if let Some(stated) = sentence.max_sequence.filter(|&stated| stated > positions) {
        warnings.push(Warning::SequenceLength { stated, positions });
    }
    let named = |name: &String| sentence.prompts.iter().position(|(prompt, _)| prompt == name);
    Usage {
        max_sequence: sentence.max_sequence.filter(|&stated| stated < positions),
        sentence: Some(SentenceEmbedding {
            pooling: sentence.pooling,
            dense: sentence.dense.as_ref().map(|dense| dense.activation),
            normalize: sentence.normalize,
        }),
        prompts: sentence.prompts.clone(),
        default_prompt: sentence.default_prompt.as_ref().and_then(named).map(|index| index as u32),
        ..usage
    }
}
