//! The checkpoint's `config.json`, checked, or the `albert_config.json` of the original TensorFlow code.

mod files;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use albert_core::config::{Activation, ProblemType};
use albert_core::format::layout::MAX_K;
use serde_json::Value;

use crate::error::{ConfigProblem, Error, Warning};
use crate::family::Family;
pub(crate) use files::{FILE, file_in};
use files::{ORIGINAL, PL_BERT, of_pl_bert};
use keys::Keys;

/// Whose words a configuration is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// The reference library's.
    Reference,
    /// The original TensorFlow code's: its `gelu` is the tanh form, which the reference calls `gelu_new`.
    Original,
}

/// What a checkpoint says about itself. Field names are those of `config.json`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CheckpointConfig {
    pub(crate) family: Family,
    pub(crate) vocab_size: u32,
    pub(crate) embedding_size: u32,
    pub(crate) hidden_size: u32,
    pub(crate) intermediate_size: u32,
    pub(crate) num_hidden_layers: u32,
    pub(crate) num_hidden_groups: u32,
    pub(crate) inner_group_num: u32,
    pub(crate) num_attention_heads: u32,
    /// Positions that an input can have.
    pub(crate) max_position_embeddings: u32,
    /// Row of the position embeddings that the first token has.
    pub(crate) first_position: u32,
    pub(crate) type_vocab_size: u32,
    pub(crate) hidden_act: Activation,
    pub(crate) layer_norm_eps: f32,
    pub(crate) tie_word_embeddings: bool,
    /// `None` when absent: then the number of labels decides.
    pub(crate) problem_type: Option<ProblemType>,
    /// The first class of `architectures`.
    pub(crate) architecture: Option<String>,
    /// Names of the labels; empty when the file has none.
    pub(crate) labels: BTreeMap<u32, String>,
}

impl CheckpointConfig {
    /// Reads and checks a configuration file.
    pub(crate) fn read(path: &Path, warnings: &mut Vec<Warning>) -> Result<Self, Error> {
        let mut text = crate::files::read(path, crate::files::MOST_CONFIG_BYTES)?;
        let named = |name: &str| path.file_name().is_some_and(|own| own == name);
        if named(PL_BERT) {
            text = of_pl_bert(&String::from_utf8_lossy(&text)).to_string().into_bytes();
        }
        let original = named(ORIGINAL);
        let dialect = if original { Dialect::Original } else { Dialect::Reference };
        Self::parse(&text, dialect, warnings).map_err(|problem| Error::Config { path: path.to_owned(), problem })
    }

    fn parse(text: &[u8], dialect: Dialect, warnings: &mut Vec<Warning>) -> Result<Self, ConfigProblem> {
        let value: Value = serde_json::from_slice(text).map_err(ConfigProblem::Json)?;
        let keys = Keys(value.as_object().ok_or(ConfigProblem::NotAnObject)?);
        let architecture = keys.architecture()?;
        let family = keys.family(architecture.as_deref(), warnings)?;
        keys.refuse_variants()?;
        let size = |key, limit| keys.size(family.key(key), limit);
        let hidden_size = size("hidden_size", MAX_K)?;
        let num_hidden_layers = size("num_hidden_layers", 4096)?;
        let albert = family == Family::Albert;
        let embedding_size = match family {
            Family::Albert | Family::Electra => size("embedding_size", MAX_K)?,
            _ => hidden_size,
        };
        if family == Family::Bert
            && let Some(stated) = keys.value("embedding_size").and_then(Value::as_u64)
            && stated != u64::from(hidden_size)
        {
            warnings.push(Warning::IgnoredKey("embedding_size"));
        }
        let rows = size("max_position_embeddings", 1 << 20)?;
        let first_position = if family == Family::Roberta { keys.padding()?.saturating_add(1) } else { 0 };
        let max_position_embeddings = rows.checked_sub(first_position).filter(|&positions| positions > 0);
        let max_position_embeddings =
            max_position_embeddings.ok_or(ConfigProblem::Positions { rows, first: first_position })?;
        let config = Self {
            family,
            vocab_size: size("vocab_size", 1 << 24)?,
            embedding_size,
            hidden_size,
            intermediate_size: size("intermediate_size", MAX_K)?,
            num_hidden_layers,
            num_hidden_groups: if albert { size("num_hidden_groups", 4096)? } else { num_hidden_layers },
            inner_group_num: if albert { size("inner_group_num", 64)? } else { 1 },
            num_attention_heads: size("num_attention_heads", 4096)?,
            max_position_embeddings,
            first_position,
            type_vocab_size: if family == Family::DistilBert { 1 } else { size("type_vocab_size", 1 << 16)? },
            hidden_act: keys.activation(family, dialect, warnings)?,
            layer_norm_eps: keys.layer_norm_eps()?,
            tie_word_embeddings: keys.flag("tie_word_embeddings")?.unwrap_or(true),
            problem_type: keys.problem_type()?,
            architecture,
            labels: keys.labels()?,
        };
        let (hidden_size, num_attention_heads) = (config.hidden_size, config.num_attention_heads);
        if !hidden_size.is_multiple_of(num_attention_heads) {
            return Err(ConfigProblem::HeadSize { hidden_size, num_attention_heads });
        }
        Ok(config)
    }

    /// The group that each of the L layers runs: `trunc(i / (L / G))` in f64, as the reference computes it.
    pub(crate) fn groups(&self) -> Vec<u16> {
        let layers_per_group = f64::from(self.num_hidden_layers) / f64::from(self.num_hidden_groups);
        (0..self.num_hidden_layers).map(|layer| (f64::from(layer) / layers_per_group) as u16).collect()
    }
}
