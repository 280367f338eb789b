//! Which tensors a configuration asks for, and what each must be.

use super::layout::role;
use crate::config::{Config, Head};

/// Kind and sizes of a tensor. There will be no fourth kind: writers treat all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "writers treat all of them")]
pub enum Shape {
    /// Length of a bias or a layer norm's weight.
    Vector(u32),
    /// Rows and columns of an embedding table: no places for split channels, no smoothing.
    Table(u32, u32),
    /// Rows and columns of a linear.
    Linear(u32, u32),
}

/// The shape of a role's tensor.
pub fn shape(role: u16, config: &Config) -> Shape {
    use Shape::{Linear, Table, Vector};
    let (vocabulary, embedding, hidden) = (config.vocab_size, config.embedding_size, config.hidden_size);
    let (intermediate, labels) = (config.intermediate_size, config.num_labels);
    match role {
        role::WORD_EMBEDDINGS | role::MLM_DECODER => Table(vocabulary, embedding),
        role::POSITION_EMBEDDINGS => Table(config.max_position_embeddings, embedding),
        role::TOKEN_TYPE_EMBEDDINGS => Table(config.type_vocab_size, embedding),
        role::EMBEDDING_NORM_WEIGHT
        | role::EMBEDDING_NORM_BIAS
        | role::MLM_DENSE_BIAS
        | role::MLM_NORM_WEIGHT
        | role::MLM_NORM_BIAS => Vector(embedding),
        role::EMBEDDING_MAPPING => Linear(hidden, embedding),
        role::FFN => Linear(intermediate, hidden),
        role::FFN_BIAS => Vector(intermediate),
        role::FFN_OUTPUT => Linear(hidden, intermediate),
        role::QUERY | role::KEY | role::VALUE | role::ATTENTION_OUTPUT | role::POOLER => Linear(hidden, hidden),
        role::CLASSIFIER | role::SENTENCE_ORDER | role::EXIT_CLASSIFIER => Linear(labels, hidden),
        role::CLASSIFIER_BIAS | role::SENTENCE_ORDER_BIAS | role::EXIT_CLASSIFIER_BIAS => Vector(labels),
        role::SENTENCE_DENSE => Linear(config.sentence_dense, hidden),
        role::SENTENCE_DENSE_BIAS => Vector(config.sentence_dense),
        role::MLM_DENSE => Linear(embedding, hidden),
        role::MLM_DECODER_BIAS => Vector(vocabulary),
        // No tensor of a model.
        role::VECTORS => Table(0, 0),
        _ => Vector(hidden),
    }
}

/// Whether the tensor of a role is a vector.
pub(super) fn is_vector(role: u16) -> bool {
    // What it is does not depend on the sizes.
    matches!(shape(role, &Config::BASE), Shape::Vector(_))
}

/// Whether a tensor before or after the blocks belongs to this configuration. The masked-LM decoder is optional: it may be the word
/// embeddings.
pub fn wanted(role: u16, config: &Config) -> bool {
    let masked_lm = config.head.is_masked_lm();
    match role {
        role::WORD_EMBEDDINGS..=role::EMBEDDING_NORM_BIAS => true,
        role::EMBEDDING_MAPPING | role::EMBEDDING_MAPPING_BIAS => config.embedding_mapping,
        role::POOLER | role::POOLER_BIAS => config.pooler,
        role::CLASSIFIER | role::CLASSIFIER_BIAS => !masked_lm && config.head != Head::None,
        role::SENTENCE_ORDER | role::SENTENCE_ORDER_BIAS => config.head == Head::PreTraining,
        role::SENTENCE_DENSE | role::SENTENCE_DENSE_BIAS => config.sentence_dense > 0,
        _ => masked_lm,
    }
}
