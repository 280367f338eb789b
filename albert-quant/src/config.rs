//! The checkpoint's `config.json`, checked, or the `albert_config.json` of the original TensorFlow code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use albert_core::config::{Activation, ProblemType};
use albert_core::format::layout::MAX_SLOTS;
use serde_json::{Map, Value};

use crate::error::{ConfigProblem, Error, Warning};

/// Name of the configuration that the original TensorFlow code reads.
const ORIGINAL: &str = "albert_config.json";

/// The configuration file of a checkpoint directory.
pub(crate) fn file_in(directory: &Path) -> PathBuf {
    let (own, original) = (directory.join("config.json"), directory.join(ORIGINAL));
    if !own.exists() && original.exists() { original } else { own }
}

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
    pub(crate) vocab_size: u32,
    pub(crate) embedding_size: u32,
    pub(crate) hidden_size: u32,
    pub(crate) intermediate_size: u32,
    pub(crate) num_hidden_layers: u32,
    pub(crate) num_hidden_groups: u32,
    pub(crate) inner_group_num: u32,
    pub(crate) num_attention_heads: u32,
    pub(crate) max_position_embeddings: u32,
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
        let text = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let original = path.file_name().is_some_and(|name| name == ORIGINAL);
        let dialect = if original { Dialect::Original } else { Dialect::Reference };
        Self::parse(&text, dialect, warnings).map_err(|problem| Error::Config { path: path.to_owned(), problem })
    }

    fn parse(text: &[u8], dialect: Dialect, warnings: &mut Vec<Warning>) -> Result<Self, ConfigProblem> {
        let value: Value = serde_json::from_slice(text).map_err(ConfigProblem::Json)?;
        let keys = Keys(value.as_object().ok_or(ConfigProblem::NotAnObject)?);
        let architecture = keys.architecture()?;
        match (keys.text("model_type")?, &architecture) {
            (Some("albert"), _) | (None, None) => {}
            (Some(other), _) => return Err(ConfigProblem::ModelType(other.to_owned())),
            (None, Some(class)) if class.contains("Albert") => {}
            (None, Some(class)) => return Err(ConfigProblem::Architecture(class.clone())),
        }
        match keys.text("position_embedding_type")? {
            None | Some("absolute") => {}
            Some(other) => return Err(ConfigProblem::PositionEmbedding(other.to_owned())),
        }
        let config = Self {
            vocab_size: keys.size("vocab_size", 1 << 24)?,
            embedding_size: keys.size("embedding_size", MAX_SLOTS)?,
            hidden_size: keys.size("hidden_size", MAX_SLOTS)?,
            intermediate_size: keys.size("intermediate_size", MAX_SLOTS)?,
            num_hidden_layers: keys.size("num_hidden_layers", 4096)?,
            num_hidden_groups: keys.size("num_hidden_groups", 4096)?,
            inner_group_num: keys.size("inner_group_num", 64)?,
            num_attention_heads: keys.size("num_attention_heads", 4096)?,
            max_position_embeddings: keys.size("max_position_embeddings", 1 << 20)?,
            type_vocab_size: keys.size("type_vocab_size", 1 << 16)?,
            hidden_act: keys.activation(dialect, warnings)?,
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

    /// The group that each of the L applications runs: `trunc(i / (L / G))` in f64, as the reference computes it.
    pub(crate) fn groups(&self) -> Vec<u16> {
        let layers_per_group = f64::from(self.num_hidden_layers) / f64::from(self.num_hidden_groups);
        (0..self.num_hidden_layers).map(|layer| (f64::from(layer) / layers_per_group) as u16).collect()
    }
}

/// Typed access to the keys; `null` counts as absent everywhere.
struct Keys<'a>(&'a Map<String, Value>);

impl<'a> Keys<'a> {
    fn value(&self, key: &'static str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A size that must be there: the reference's defaults are those of its largest model.
    fn size(&self, key: &'static str, limit: u32) -> Result<u32, ConfigProblem> {
        let value = self.value(key).ok_or(ConfigProblem::Missing(key))?;
        let size = value.as_u64().and_then(|size| u32::try_from(size).ok()).filter(|size| (1..=limit).contains(size));
        size.ok_or_else(|| wrong(key, value, &format!("a whole number from 1 to {limit}")))
    }

    fn text(&self, key: &'static str) -> Result<Option<&'a str>, ConfigProblem> {
        self.value(key).map(|value| value.as_str().ok_or_else(|| wrong(key, value, "a string"))).transpose()
    }

    fn flag(&self, key: &'static str) -> Result<Option<bool>, ConfigProblem> {
        self.value(key).map(|value| value.as_bool().ok_or_else(|| wrong(key, value, "true or false"))).transpose()
    }

    fn architecture(&self) -> Result<Option<String>, ConfigProblem> {
        const KEY: &str = "architectures";
        let Some(value) = self.value(KEY) else { return Ok(None) };
        match value.as_array().map(Vec::as_slice) {
            Some([]) => Ok(None),
            Some([Value::String(class), ..]) => Ok(Some(class.clone())),
            _ => Err(wrong(KEY, value, "a list of class names")),
        }
    }

    fn activation(&self, dialect: Dialect, warnings: &mut Vec<Warning>) -> Result<Activation, ConfigProblem> {
        let Some(name) = self.text("hidden_act")? else {
            warnings.push(Warning::DefaultActivation);
            return Ok(Activation::GeluTanh);
        };
        if (dialect, name) == (Dialect::Original, "gelu") {
            return Ok(Activation::GeluTanh);
        }
        Activation::from_name(name).ok_or_else(|| ConfigProblem::Activation(name.to_owned()))
    }

    /// The reference's default is 1e-12.
    fn layer_norm_eps(&self) -> Result<f32, ConfigProblem> {
        const KEY: &str = "layer_norm_eps";
        let Some(value) = self.value(KEY) else { return Ok(1e-12) };
        let eps = value.as_f64().map(|eps| eps as f32).filter(|eps| eps.is_finite() && *eps >= 0.0);
        eps.ok_or_else(|| wrong(KEY, value, "a finite number that is not negative"))
    }

    fn problem_type(&self) -> Result<Option<ProblemType>, ConfigProblem> {
        const KEY: &str = "problem_type";
        let Some(name) = self.text(KEY)? else { return Ok(None) };
        let found = ProblemType::from_name(name).map(Some);
        found.ok_or_else(|| {
            let names: Vec<&str> = ProblemType::ALL.iter().map(|problem_type| problem_type.name()).collect();
            wrong(KEY, &Value::from(name), &format!("one of {}", names.join(", ")))
        })
    }

    fn labels(&self) -> Result<BTreeMap<u32, String>, ConfigProblem> {
        const KEY: &str = "id2label";
        let Some(value) = self.value(KEY) else { return Ok(BTreeMap::new()) };
        let object = value.as_object().ok_or_else(|| wrong(KEY, value, "an object from ids to names"))?;
        let entry = |(id, name): (&String, &Value)| {
            let id = id.parse().map_err(|_| wrong(KEY, &Value::from(id.as_str()), "ids that are whole numbers"))?;
            let name = name.as_str().ok_or_else(|| wrong(KEY, name, "names that are strings"))?;
            Ok((id, name.to_owned()))
        };
        object.iter().map(entry).collect()
    }
}

fn wrong(key: &'static str, found: &Value, expected: &str) -> ConfigProblem {
    ConfigProblem::Value { key, found: found.to_string(), expected: expected.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Value {
        serde_json::json!({
            "model_type": "albert", "architectures": ["AlbertModel"], "hidden_act": "gelu_new", "vocab_size": 30,
            "embedding_size": 8, "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 3,
            "num_hidden_groups": 2, "inner_group_num": 1, "num_attention_heads": 3, "max_position_embeddings": 16,
            "type_vocab_size": 2, "layer_norm_eps": 1e-12
        })
    }

    fn parse_as(dialect: Dialect, value: &Value) -> Result<CheckpointConfig, ConfigProblem> {
        CheckpointConfig::parse(value.to_string().as_bytes(), dialect, &mut Vec::new())
    }

    fn parse(value: &Value) -> Result<CheckpointConfig, String> {
        parse_as(Dialect::Reference, value).map_err(|problem| problem.to_string())
    }

    fn with(key: &str, value: Value) -> Result<CheckpointConfig, String> {
        let mut config = tiny();
        config[key] = value;
        parse(&config)
    }

    #[test]
    fn groups_are_those_of_the_reference() {
        let groups = |layers, groups| {
            let config =
                CheckpointConfig { num_hidden_layers: layers, num_hidden_groups: groups, ..parse(&tiny()).unwrap() };
            config.groups()
        };
        assert_eq!(groups(12, 1), [0; 12]);
        assert_eq!(groups(12, 5), [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4]);
        assert_eq!(groups(5, 4), [0, 0, 1, 2, 3]);
        assert_eq!(groups(2, 3), [0, 1]);
        // Where f64 rounding differs from whole numbers.
        assert_eq!(groups(18, 14)[9], 6);
        assert_eq!(groups(44, 20)[33], 14);
        // Where another f64 formula would differ.
        assert_eq!(groups(22, 22)[15], 15);
        for layers in 1..=64 {
            for count in 1..=64 {
                assert!(groups(layers, count).iter().all(|&group| u32::from(group) < count), "{layers} {count}");
            }
        }
    }

    #[test]
    fn sizes_are_never_guessed() {
        for key in ["vocab_size", "hidden_size", "num_hidden_layers", "type_vocab_size", "num_hidden_groups"] {
            assert_eq!(with(key, Value::Null).unwrap_err(), format!("{key} is missing"));
        }
        assert!(with("hidden_size", "768".into()).unwrap_err().starts_with("hidden_size is \"768\"; expected a whole"));
        assert!(with("vocab_size", 0.into()).unwrap_err().starts_with("vocab_size is 0; expected"));
        assert!(with("hidden_size", (1u64 << 40).into()).is_err());
        assert!(with("hidden_size", 12.5.into()).is_err());
        assert_eq!(
            with("num_attention_heads", 5.into()).unwrap_err(),
            "hidden_size 12 is no multiple of num_attention_heads 5"
        );
    }

    #[test]
    fn other_networks_are_refused() {
        assert_eq!(with("model_type", "bert".into()).unwrap_err(), "model_type is \"bert\", not \"albert\"");
        assert_eq!(with("hidden_act", "gelu_newer".into()).unwrap_err(), "unknown hidden_act \"gelu_newer\"");
        assert!(with("position_embedding_type", "relative_key".into()).unwrap_err().contains("relative_key"));
        let mut config = tiny();
        config["model_type"] = Value::Null;
        config["architectures"] = serde_json::json!(["BertModel"]);
        assert!(parse(&config).unwrap_err().starts_with("unknown architecture \"BertModel\""));
        let text = |text: &[u8]| CheckpointConfig::parse(text, Dialect::Reference, &mut Vec::new());
        assert!(matches!(text(b"{"), Err(ConfigProblem::Json(_))));
        assert!(matches!(text(b"[]"), Err(ConfigProblem::NotAnObject)));
    }

    /// As the original code computes it; the reference's `gelu` is another function.
    #[test]
    fn the_original_gelu_is_the_tanh_form() {
        let mut config = tiny();
        config["hidden_act"] = "gelu".into();
        let activation = |dialect| parse_as(dialect, &config).unwrap().hidden_act;
        assert_eq!(activation(Dialect::Reference), Activation::Gelu);
        assert_eq!(activation(Dialect::Original), Activation::GeluTanh);
    }

    #[test]
    fn null_is_absent() {
        let config = with("classifier_dropout_prob", Value::Null).unwrap();
        assert_eq!(config, parse(&tiny()).unwrap());
        assert_eq!(with("layer_norm_eps", Value::Null).unwrap().layer_norm_eps, 1e-12);
        assert_eq!(with("problem_type", Value::Null).unwrap().problem_type, None);
        assert_eq!(with("architectures", Value::Null).unwrap().architecture, None);
        assert!(with("tie_word_embeddings", Value::Null).unwrap().tie_word_embeddings);
    }

    #[test]
    fn labels_are_read_by_id() {
        let config = with("id2label", serde_json::json!({"10": "k", "2": "c"})).unwrap();
        assert_eq!(config.labels.into_iter().collect::<Vec<_>>(), [(2, "c".to_owned()), (10, "k".to_owned())]);
        assert!(with("id2label", serde_json::json!(["a"])).is_err());
        assert!(with("id2label", serde_json::json!({"x": "a"})).is_err());
        assert!(with("id2label", serde_json::json!({"0": 7})).is_err());
    }
}
