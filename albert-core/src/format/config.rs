//! The configuration section.

use super::bytes::{u16_at, u32_at};
use super::layout::{CONFIG_BYTES, MAX_SLOTS};
use crate::config::{Activation, Config, Head, HeadInput, Precision, ProblemType};
use crate::error::{ConfigField, FormatError};

/// Reads and checks the configuration section.
pub(super) fn read(section: &[u8]) -> Result<Config, FormatError> {
    if section.len() < CONFIG_BYTES {
        return Err(FormatError::Truncated { needed: CONFIG_BYTES as u64 });
    }
    let word = |at: usize| u32_at(section, at);
    let size = |at: usize, limit: u32, field: ConfigField| match word(at) {
        value if value >= 1 && value <= limit => Ok(value),
        _ => Err(FormatError::Config(field)),
    };
    let flag = |at: usize, field: ConfigField| match word(at) {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(FormatError::Config(field)),
    };
    let config = Config {
        vocab_size: size(0, 1 << 24, ConfigField::VocabSize)?,
        embedding_size: size(4, MAX_SLOTS, ConfigField::EmbeddingSize)?,
        hidden_size: size(8, MAX_SLOTS, ConfigField::HiddenSize)?,
        intermediate_size: size(12, MAX_SLOTS, ConfigField::IntermediateSize)?,
        num_hidden_layers: size(16, 4096, ConfigField::NumHiddenLayers)?,
        num_hidden_groups: size(20, 4096, ConfigField::NumHiddenGroups)?,
        inner_group_num: size(24, 64, ConfigField::InnerGroupNum)?,
        num_attention_heads: size(28, 4096, ConfigField::NumAttentionHeads)?,
        max_position_embeddings: size(32, 1 << 20, ConfigField::MaxPositionEmbeddings)?,
        type_vocab_size: size(36, 1 << 16, ConfigField::TypeVocabSize)?,
        hidden_act: Activation::from_code(word(40)).ok_or(FormatError::Config(ConfigField::HiddenAct))?,
        layer_norm_eps: f32::from_bits(word(44)),
        precision: Precision::from_code(word(48)).ok_or(FormatError::Config(ConfigField::Precision))?,
        head: Head::from_code(word(52)).ok_or(FormatError::Config(ConfigField::Head))?,
        pooler: flag(56, ConfigField::Pooler)?,
        num_labels: word(60),
        problem_type: ProblemType::from_code(word(64)).ok_or(FormatError::Config(ConfigField::ProblemType))?,
        max_extra_slots: word(68),
        smoothing: flag(72, ConfigField::Smoothing)?,
        codebook: flag(76, ConfigField::Codebook)?,
    };
    check(&config)?;
    if section.len() != CONFIG_BYTES + 2 * config.num_hidden_layers as usize {
        return Err(FormatError::Config(ConfigField::Groups));
    }
    let group = |layer: usize| u32::from(u16_at(section, CONFIG_BYTES + 2 * layer));
    if (0..config.num_hidden_layers as usize).any(|layer| group(layer) >= config.num_hidden_groups) {
        return Err(FormatError::Config(ConfigField::Groups));
    }
    Ok(config)
}

/// What the fields' own ranges do not say.
fn check(config: &Config) -> Result<(), FormatError> {
    let require = |holds: bool, field| if holds { Ok(()) } else { Err(FormatError::Config(field)) };
    let eps = config.layer_norm_eps;
    require(config.hidden_size.is_multiple_of(config.num_attention_heads), ConfigField::NumAttentionHeads)?;
    require(eps.is_finite() && eps >= 0.0, ConfigField::LayerNormEps)?;
    require(config.max_extra_slots <= MAX_SLOTS, ConfigField::MaxExtraSlots)?;
    require(config.num_blocks() <= 1 << 16, ConfigField::InnerGroupNum)?;
    require(config.num_labels <= 1 << 20, ConfigField::NumLabels)?;
    let labels = match config.head {
        Head::None | Head::MaskedLm => config.num_labels == 0,
        Head::QuestionAnswering => config.num_labels == 2,
        Head::MultipleChoice => config.num_labels == 1,
        Head::SequenceClassification | Head::TokenClassification | Head::PreTraining => config.num_labels >= 1,
    };
    require(labels, ConfigField::NumLabels)?;
    require(config.pooler || config.head.input() != HeadInput::Pooled, ConfigField::Pooler)
}
