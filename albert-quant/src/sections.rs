//! The sections that are no tensors: configuration, labels, prompts.

use albert_core::config::{Activation, Config, SentenceEmbedding};
use albert_core::format::layout::{CONFIG_BYTES, field};

/// What a file says about its use, beyond the network's geometry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Usage {
    /// Activation of the pooler.
    pub(crate) pooler_act: Activation,
    /// Most tokens of an input that the model was made for; `None` when that is as many as it has positions.
    pub(crate) max_sequence: Option<u32>,
    /// By which a classifier's logits are divided on their way to scores.
    pub(crate) temperature: f32,
    /// Scores below are out of scope; 0 when nothing is known.
    pub(crate) threshold: f32,
    /// How embeddings of texts are made, when that is known.
    pub(crate) sentence: Option<SentenceEmbedding>,
    /// Names and texts to put before inputs.
    pub(crate) prompts: Vec<(String, String)>,
    /// Index of the one that is used when none is asked for.
    pub(crate) default_prompt: Option<u32>,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            pooler_act: Activation::Tanh,
            max_sequence: None,
            temperature: 1.0,
            threshold: 0.0,
            sentence: None,
            prompts: Vec::new(),
            default_prompt: None,
        }
    }
}

/// The configuration section; the encoder's hash is written when the tensors are there.
pub(crate) fn config_section(config: &Config, usage: &Usage, groups: &[u16]) -> Vec<u8> {
    let sentence = usage.sentence;
    let words = [
        (field::VOCAB_SIZE, config.vocab_size),
        (field::EMBEDDING_SIZE, config.embedding_size),
        (field::HIDDEN_SIZE, config.hidden_size),
        (field::INTERMEDIATE_SIZE, config.intermediate_size),
        (field::NUM_HIDDEN_LAYERS, config.num_hidden_layers),
        (field::NUM_HIDDEN_GROUPS, config.num_hidden_groups),
        (field::INNER_GROUP_NUM, config.inner_group_num),
        (field::NUM_ATTENTION_HEADS, config.num_attention_heads),
        (field::MAX_POSITION_EMBEDDINGS, config.max_position_embeddings),
        (field::TYPE_VOCAB_SIZE, config.type_vocab_size),
        (field::HIDDEN_ACT, config.hidden_act as u32),
        (field::LAYER_NORM_EPS, config.layer_norm_eps.to_bits()),
        (field::PRECISION, config.precision as u32),
        (field::EMBEDDING_MAPPING, config.embedding_mapping.into()),
        (field::POOLER, config.pooler.into()),
        (field::POOLER_ACT, usage.pooler_act as u32),
        (field::OCS_PLACES, config.storage.ocs_places),
        (field::SMOOTHING, config.storage.smoothing.into()),
        (field::CODEBOOK, config.storage.codebook.into()),
        (field::MAX_SEQUENCE, usage.max_sequence.unwrap_or(0)),
        (field::HEAD, config.head as u32),
        (field::NUM_LABELS, config.num_labels),
        (field::PROBLEM_TYPE, config.problem_type as u32),
        (field::POOLING, config.pooling as u32),
        (field::TEMPERATURE, usage.temperature.to_bits()),
        (field::THRESHOLD, usage.threshold.to_bits()),
        (field::SENTENCE_POOLING, sentence.map_or(0, |sentence| sentence.pooling as u32 + 1)),
        (field::SENTENCE_NORMALIZE, sentence.is_some_and(|sentence| sentence.normalize).into()),
        (field::SENTENCE_DENSE, config.sentence_dense),
        (field::SENTENCE_DENSE_ACT, sentence.and_then(|sentence| sentence.dense).map_or(0, |act| act as u32)),
    ];
    let mut section = vec![0; CONFIG_BYTES];
    for (at, word) in words {
        section[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    section.extend(groups.iter().flat_map(|group| group.to_le_bytes()));
    section
}

/// The section of label names.
pub(crate) fn label_section(labels: &[String]) -> Vec<u8> {
    strings(&labels.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The section of prompts.
pub(crate) fn prompt_section(usage: &Usage) -> Vec<u8> {
    let texts = usage.prompts.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]);
    let mut section = usage.default_prompt.unwrap_or(u32::MAX).to_le_bytes().to_vec();
    section.extend(strings(&texts.collect::<Vec<_>>()));
    section
}

/// A list of texts: their number, offsets, all texts.
pub(crate) fn strings(texts: &[&str]) -> Vec<u8> {
    let mut bytes = (texts.len() as u32).to_le_bytes().to_vec();
    let mut end = 0u32;
    bytes.extend(end.to_le_bytes());
    for text in texts {
        end += text.len() as u32;
        bytes.extend(end.to_le_bytes());
    }
    bytes.extend(texts.iter().flat_map(|text| text.bytes()));
    bytes
}
