//! The configuration section.

use super::bytes::{u16_at, u32_at};
use super::layout::{CONFIG_BYTES, MAX_K, field};
use crate::build_features::POOLING;
use crate::config::{Activation, Config, Head, HeadInput, Pooling, Precision, ProblemType, SentenceEmbedding, Storage};
use crate::error::{ConfigField, FormatError};

/// Reads and checks the configuration section.
pub(super) fn read(section: &[u8]) -> Result<Config, FormatError> {
    let truncated = FormatError::Truncated { needed: CONFIG_BYTES as u64 };
    let (fields, groups) = section.split_first_chunk::<CONFIG_BYTES>().ok_or(truncated)?;
    let word = |at: usize| u32_at(fields, at);
    let wrong = FormatError::Config;
    let size = |at: usize, limit: u32, field: ConfigField| match word(at) {
        value if value >= 1 && value <= limit => Ok(value),
        _ => Err(wrong(field)),
    };
    let flag = |at: usize, field: ConfigField| flag(word(at)).ok_or(wrong(field));
    let config = Config {
        vocab_size: size(field::VOCAB_SIZE, 1 << 24, ConfigField::VocabSize)?,
        embedding_size: size(field::EMBEDDING_SIZE, MAX_K, ConfigField::EmbeddingSize)?,
        hidden_size: size(field::HIDDEN_SIZE, MAX_K, ConfigField::HiddenSize)?,
        intermediate_size: size(field::INTERMEDIATE_SIZE, MAX_K, ConfigField::IntermediateSize)?,
        num_hidden_layers: size(field::NUM_HIDDEN_LAYERS, 4096, ConfigField::NumHiddenLayers)?,
        num_hidden_groups: size(field::NUM_HIDDEN_GROUPS, 4096, ConfigField::NumHiddenGroups)?,
        inner_group_num: size(field::INNER_GROUP_NUM, 64, ConfigField::InnerGroupNum)?,
        num_attention_heads: size(field::NUM_ATTENTION_HEADS, 4096, ConfigField::NumAttentionHeads)?,
        max_position_embeddings: size(field::MAX_POSITION_EMBEDDINGS, 1 << 20, ConfigField::MaxPositionEmbeddings)?,
        type_vocab_size: size(field::TYPE_VOCAB_SIZE, 1 << 16, ConfigField::TypeVocabSize)?,
        hidden_act: Activation::from_code(word(field::HIDDEN_ACT)).ok_or(wrong(ConfigField::HiddenAct))?,
        layer_norm_eps: f32::from_bits(word(field::LAYER_NORM_EPS)),
        precision: Precision::from_code(word(field::PRECISION)).ok_or(wrong(ConfigField::Precision))?,
        head: Head::from_code(word(field::HEAD)).ok_or(wrong(ConfigField::Head))?,
        embedding_mapping: flag(field::EMBEDDING_MAPPING, ConfigField::EmbeddingMapping)?,
        pooler: flag(field::POOLER, ConfigField::Pooler)?,
        num_labels: word(field::NUM_LABELS),
        problem_type: ProblemType::from_code(word(field::PROBLEM_TYPE)).ok_or(wrong(ConfigField::ProblemType))?,
        pooling: Pooling::from_code(word(field::POOLING)).ok_or(wrong(ConfigField::Pooling))?,
        sentence_dense: word(field::SENTENCE_DENSE),
        storage: Storage {
            ocs_places: word(field::OCS_PLACES),
            smoothing: flag(field::SMOOTHING, ConfigField::Smoothing)?,
            codebook: flag(field::CODEBOOK, ConfigField::Codebook)?,
        },
    };
    check(&config)?;
    check_rest(fields, &config)?;
    if groups.len() != 2 * config.num_hidden_layers as usize {
        return Err(wrong(ConfigField::Groups));
    }
    if (0..groups.len() / 2).any(|layer| u32::from(u16_at(groups, 2 * layer)) >= config.num_hidden_groups) {
        return Err(wrong(ConfigField::Groups));
    }
    Ok(config)
}

/// What the fields' own ranges do not say.
fn check(config: &Config) -> Result<(), FormatError> {
    let eps = config.layer_norm_eps;
    let mapped = config.embedding_mapping || config.embedding_size == config.hidden_size;
    require(config.hidden_size.is_multiple_of(config.num_attention_heads), ConfigField::NumAttentionHeads)?;
    require(mapped, ConfigField::EmbeddingMapping)?;
    require(eps.is_finite() && eps >= 0.0, ConfigField::LayerNormEps)?;
    require(config.storage.ocs_places <= MAX_K, ConfigField::OcsPlaces)?;
    require(config.num_blocks() <= 1 << 16, ConfigField::InnerGroupNum)?;
    require(config.num_labels <= 1 << 20, ConfigField::NumLabels)?;
    let labels = match config.head {
        Head::None | Head::MaskedLm => config.num_labels == 0,
        Head::QuestionAnswering => config.num_labels == 2,
        Head::MultipleChoice => config.num_labels == 1,
        Head::SequenceClassification | Head::TokenClassification | Head::PreTraining => config.num_labels >= 1,
    };
    require(labels, ConfigField::NumLabels)?;
    if !POOLING && config.pooling != Pooling::Pooler {
        return Err(FormatError::NotCompiledIn);
    }
    let pooled = config.head.input() == HeadInput::Pooled;
    // Sentence order is learned on the pooler.
    let chooses = pooled && config.head != Head::PreTraining;
    require(chooses || config.pooling == Pooling::Pooler, ConfigField::Pooling)?;
    require(config.pooler || !pooled || config.pooling != Pooling::Pooler, ConfigField::Pooler)?;
    require(config.sentence_dense <= MAX_K, ConfigField::SentenceDense)
}

/// Fields that are read from the section when they are asked for.
fn check_rest(section: &[u8; CONFIG_BYTES], config: &Config) -> Result<(), FormatError> {
    let word = |at: usize| u32_at(section, at);
    let zero = field::RESERVED.iter().flat_map(|range| range.clone().step_by(4)).all(|at| word(at) == 0);
    if !zero {
        return Err(FormatError::Reserved);
    }
    require(Activation::from_code(word(field::POOLER_ACT)).is_some(), ConfigField::PoolerAct)?;
    require(word(field::MAX_SEQUENCE) <= config.max_position_embeddings, ConfigField::MaxSequence)?;
    let (temperature, threshold) = (word(field::TEMPERATURE), word(field::THRESHOLD));
    check_calibration(temperature, threshold, config.problem_type)?;
    let pooling = word(field::SENTENCE_POOLING).checked_sub(1).map(Pooling::from_code);
    let pooler = pooling == Some(Some(Pooling::Pooler));
    require(pooling != Some(None) && (config.pooler || !pooler), ConfigField::SentencePooling)?;
    require(flag(word(field::SENTENCE_NORMALIZE)).is_some(), ConfigField::SentenceNormalize)?;
    let act = Activation::from_code(word(field::SENTENCE_DENSE_ACT));
    let no_layer = act.is_some_and(|act| act as u32 == 0);
    require(act.is_some() && (config.sentence_dense > 0 || no_layer), ConfigField::SentenceDense)?;
    require(pooling.is_some() || config.sentence_dense == 0, ConfigField::SentenceDense)
}

/// Bits of temperature and threshold of a classifier.
pub(super) fn check_calibration(temperature: u32, threshold: u32, problem: ProblemType) -> Result<(), FormatError> {
    let [temperature, threshold] = [temperature, threshold].map(f32::from_bits);
    let scaled = problem != ProblemType::Regression;
    let positive = temperature.is_finite() && temperature >= f32::MIN_POSITIVE;
    require(positive && (scaled || temperature == 1.0), ConfigField::Temperature)?;
    let probability = (0.0..=1.0).contains(&threshold);
    require(probability && (scaled || threshold == 0.0), ConfigField::Threshold)
}

/// How embeddings of texts are made, when the checked section says so.
pub(super) fn sentence_embedding(section: &[u8], config: &Config) -> Option<SentenceEmbedding> {
    let pooling = Pooling::from_code(u32_at(section, field::SENTENCE_POOLING).checked_sub(1)?)?;
    let dense = Activation::from_code(u32_at(section, field::SENTENCE_DENSE_ACT));
    let normalize = u32_at(section, field::SENTENCE_NORMALIZE) == 1;
    Some(SentenceEmbedding { pooling, dense: dense.filter(|_| config.sentence_dense > 0), normalize })
}

fn flag(word: u32) -> Option<bool> {
    match word {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn require(holds: bool, field: ConfigField) -> Result<(), FormatError> {
    if holds { Ok(()) } else { Err(FormatError::Config(field)) }
}
