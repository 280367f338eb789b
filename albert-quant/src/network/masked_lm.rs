//! Which of the masked-LM decoder's tensors count.

use albert_core::config::{Config, Head};

use crate::checkpoint::{Checkpoint, Tensor};
use crate::error::{Error, Warning};
use crate::head::MlmBias;

/// How the masked-LM decoder is made up.
#[derive(Default)]
pub(super) struct Decoder {
    /// It has a matrix that is not the word embeddings.
    pub(super) own_matrix: bool,
    /// Added to `predictions.decoder.bias`.
    pub(super) second_bias: Option<Tensor>,
}

/// Settles which of the masked-LM decoder's tensors count, as the reference does: afterwards the bias is
/// `predictions.decoder.bias`, and `predictions.decoder.weight` is there only when it is untied.
pub(super) fn masked_lm(
    checkpoint: &mut Checkpoint,
    config: &Config,
    mlm_bias: MlmBias,
    warnings: &mut Vec<Warning>,
) -> Result<Decoder, Error> {
    const WORDS: &str = "embeddings.word_embeddings.weight";
    const WEIGHT: &str = "predictions.decoder.weight";
    const BIAS: &str = "predictions.decoder.bias";
    let tied = checkpoint.config.tie_word_embeddings;
    let tensors = &mut checkpoint.tensors;
    if !tensors.contains_key(WORDS)
        && let Some(decoder) = tensors.get(WEIGHT)
    {
        let words = decoder.clone();
        tensors.insert(WORDS.to_owned(), words);
    }
    if !matches!(config.head, Head::MaskedLm | Head::PreTraining) {
        return Ok(Decoder::default());
    }
    let own_matrix = match (tensors.get(WORDS), tensors.get(WEIGHT)) {
        (Some(words), Some(decoder)) => !words.same_values(decoder),
        (Some(_), None) if tied => false,
        _ => return Err(Error::MissingHeadTensor { name: WEIGHT.to_owned(), head: config.head }),
    };
    if own_matrix && tied {
        warnings.push(Warning::UntiedDecoder);
    }
    let mut second_bias = None;
    match (tensors.remove("predictions.bias"), tensors.get(BIAS)) {
        (Some(bias), None) => {
            tensors.insert(BIAS.to_owned(), bias);
        }
        (Some(bias), Some(decoder_bias)) if !bias.same_values(decoder_bias) => {
            warnings.push(Warning::TwoMlmBiases { used: mlm_bias.name() });
            match mlm_bias {
                MlmBias::Decoder => {}
                MlmBias::Predictions => {
                    tensors.insert(BIAS.to_owned(), bias);
                }
                MlmBias::Sum => second_bias = Some(bias),
            }
        }
        _ => {}
    }
    Ok(Decoder { own_matrix, second_bias })
}
