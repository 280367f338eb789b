//! The checkpoint's `config.json`, checked, or the `albert_config.json` of the original TensorFlow code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use albert_core::config::{Activation, ProblemType};
use albert_core::format::layout::MAX_SLOTS;
use serde_json::{Map, Value};

use crate::error::{ConfigProblem, Error, Warning};
use crate::family::Family;
use crate::files;

/// Name of the configuration of the reference library.
pub(crate) const FILE: &str = "config.json";
/// Name of the configuration that the original TensorFlow code reads.
const ORIGINAL: &str = "albert_config.json";
/// Name of the configuration that PL-BERT's training script reads.
const PL_BERT: &str = "config.yml";

/// The configuration file of a checkpoint directory.
pub(crate) fn file_in(directory: &Path) -> PathBuf {
    let names = [FILE, ORIGINAL, PL_BERT];
    let found = names.iter().map(|name| directory.join(name)).find(|file| file.exists());
    found.unwrap_or_else(|| directory.join(FILE))
}

/// The sizes of a PL-BERT as a configuration: the flat mapping `model_params` of its YAML file, which goes to the reference's
/// `AlbertConfig` as it is, and the defaults of that class.
fn of_pl_bert(text: &str) -> Value {
    let mut config = serde_json::json!({
        "model_type": "albert", "architectures": ["AlbertModel"], "embedding_size": 128, "num_hidden_groups": 1,
        "inner_group_num": 1, "hidden_act": "gelu_new", "type_vocab_size": 2, "max_position_embeddings": 512
    });
    let lines = text.lines().skip_while(|line| line.trim_end() != "model_params:").skip(1);
    for line in lines.take_while(|line| line.is_empty() || line.starts_with([' ', '\t', '#'])) {
        let line = line.split_once(" #").map_or(line, |(line, _)| line);
        if let Some((key, value)) = line.trim().split_once(':') {
            let value = value.trim();
            config[key] = serde_json::from_str(value).unwrap_or_else(|_| value.trim_matches(['\'', '"']).into());
        }
    }
    config
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
        let mut text = files::read(path, files::MOST_CONFIG_BYTES)?;
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
        let hidden_size = size("hidden_size", MAX_SLOTS)?;
        let num_hidden_layers = size("num_hidden_layers", 4096)?;
        let albert = family == Family::Albert;
        let embedding_size = match family {
            Family::Albert | Family::Electra => size("embedding_size", MAX_SLOTS)?,
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
            intermediate_size: size("intermediate_size", MAX_SLOTS)?,
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

    /// The group that each of the L applications runs: `trunc(i / (L / G))` in f64, as the reference computes it.
    pub(crate) fn groups(&self) -> Vec<u16> {
        let layers_per_group = f64::from(self.num_hidden_layers) / f64::from(self.num_hidden_groups);
        (0..self.num_hidden_layers).map(|layer| (f64::from(layer) / layers_per_group) as u16).collect()
    }
}

/// Typed access to the keys; `null` counts as absent everywhere.
struct Keys<'a>(&'a Map<String, Value>);

/// Keys of other networks that call themselves ALBERT or BERT, and what they may say.
const VARIANTS: [(&str, &[&str], &str); 16] = [
    ("auto_map", &["{}"], "the checkpoint brings code of its own, and none is executed"),
    ("is_decoder", &["false"], "decoders attend to earlier tokens alone"),
    ("add_cross_attention", &["false"], "it has attention to another network"),
    ("use_bottleneck", &["false"], "MobileBERT's layers are others"),
    ("trigram_input", &["false"], "MobileBERT's embeddings are others"),
    ("normalization_type", &["\"layer_norm\""], "its layer norms are others"),
    ("ln_type", &["\"postln\""], "layer norms come before their sub-layers"),
    ("layers_to_keep", &["[]"], "layers are left out"),
    ("pruned_heads", &["{}", "[]"], "attention heads are left out"),
    ("net_structure_type", &["0"], "the layers are connected in another way"),
    ("gap_size", &["0"], "the layers are connected in another way"),
    ("num_memory_blocks", &["0"], "it has memory blocks"),
    ("down_scale_factor", &["1"], "the attention is scaled down"),
    ("quantization_config", &["{}"], "the weights are quantized; give the checkpoint they were made from"),
    ("torch_dtype", &FLOATS, "the weights are quantized; give the checkpoint they were made from"),
    ("dtype", &FLOATS, "the weights are quantized; give the checkpoint they were made from"),
];
const FLOATS: [&str; 5] = ["\"float32\"", "\"float16\"", "\"bfloat16\"", "\"float64\"", "\"auto\""];

impl<'a> Keys<'a> {
    /// The family by `model_type`, or by the class, or else by what only ALBERT has.
    fn family(&self, architecture: Option<&str>, warnings: &mut Vec<Warning>) -> Result<Family, ConfigProblem> {
        match (self.text("model_type")?, architecture) {
            (Some(name), _) => Family::of_model_type(name).ok_or_else(|| ConfigProblem::ModelType(name.to_owned())),
            (None, Some(class)) => {
                let known = Family::of_class(class).map(|(family, _)| family);
                known.ok_or_else(|| ConfigProblem::Architecture(class.to_owned()))
            }
            (None, None) if ["embedding_size", "num_hidden_groups"].iter().any(|key| self.value(key).is_some()) => {
                Ok(Family::Albert)
            }
            (None, None) => {
                warnings.push(Warning::GuessedFamily("bert"));
                Ok(Family::Bert)
            }
        }
    }

    /// Refuses what would make another network of the same tensors.
    fn refuse_variants(&self) -> Result<(), ConfigProblem> {
        for (key, fine, reason) in VARIANTS {
            let Some(value) = self.value(key) else { continue };
            let found = value.to_string();
            if !fine.contains(&found.as_str()) {
                return Err(ConfigProblem::Unsupported { key, found, reason });
            }
        }
        match self.text("position_embedding_type")? {
            None | Some("absolute") => Ok(()),
            Some(other) => Err(ConfigProblem::PositionEmbedding(other.to_owned())),
        }
    }

    /// The id of the padding token, which RoBERTa's positions start after.
    fn padding(&self) -> Result<u32, ConfigProblem> {
        const KEY: &str = "pad_token_id";
        let Some(value) = self.value(KEY) else { return Ok(1) };
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| wrong(KEY, value, "an id"))
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
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

    fn activation(
        &self,
        family: Family,
        dialect: Dialect,
        warnings: &mut Vec<Warning>,
    ) -> Result<Activation, ConfigProblem> {
        let Some(name) = self.text(family.key("hidden_act"))? else {
            warnings.push(Warning::DefaultActivation);
            return Ok(family.default_activation());
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
        let Some(name) = self.text(KEY)? else { return self.cross_encoder() };
        let found = ProblemType::from_name(name).map(Some);
        found.ok_or_else(|| {
            let names: Vec<&str> = ProblemType::ALL.iter().map(|problem_type| problem_type.name()).collect();
            wrong(KEY, &Value::from(name), &format!("one of {}", names.join(", ")))
        })
    }

    /// How the scores of a cross-encoder are made, by sentence-transformers' keys.
    fn cross_encoder(&self) -> Result<Option<ProblemType>, ConfigProblem> {
        const OLD: &str = "sbert_ce_default_activation_function";
        const NEW: &str = "sentence_transformers";
        let old = self.text(OLD)?.map(|name| (OLD, name));
        let new = self.value(NEW).and_then(|value| value.get("activation_fn")?.as_str()).map(|name| (NEW, name));
        match old.or(new) {
            None => Ok(None),
            Some((key, name)) => match name.rsplit('.').next() {
                Some("Identity") => Ok(Some(ProblemType::Regression)),
                Some("Sigmoid") => Ok(Some(ProblemType::MultiLabel)),
                _ => Err(wrong(key, &Value::from(name), "torch.nn's Identity or Sigmoid")),
            },
        }
    }

    fn labels(&self) -> Result<BTreeMap<u32, String>, ConfigProblem> {
        const KEY: &str = "id2label";
        let Some(value) = self.value(KEY) else { return Ok(BTreeMap::new()) };
        let object = value.as_object().ok_or_else(|| wrong(KEY, value, "an object from ids to names"))?;
        let entry = |(id, name): (&String, &Value)| {
            let inverted = || wrong(KEY, value, "an object from ids to names; this one goes from names to ids");
            let number = id.parse();
            let id = number.map_err(|_| match name.is_u64() {
                true => inverted(),
                false => wrong(KEY, &Value::from(id.as_str()), "ids that are whole numbers"),
            })?;
            // Names that are numbers are their texts.
            match name {
                Value::String(name) => Ok((id, name.clone())),
                Value::Number(name) => Ok((id, name.to_string())),
                _ => Err(wrong(KEY, name, "names that are strings")),
            }
        };
        object.iter().map(entry).collect()
    }
}

fn wrong(key: &'static str, found: &Value, expected: &str) -> ConfigProblem {
    let mut found = found.to_string();
    if let Some((end, _)) = found.char_indices().nth(200) {
        found.truncate(end);
        found.push_str("...");
    }
    ConfigProblem::Value { key, found, expected: expected.to_owned() }
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
        let error = with("model_type", "modernbert".into()).unwrap_err();
        assert!(error.starts_with("model_type \"modernbert\" is another network; known are albert, bert"), "{error}");
        assert_eq!(with("hidden_act", "gelu_newer".into()).unwrap_err(), "unknown hidden_act \"gelu_newer\"");
        assert!(with("position_embedding_type", "relative_key".into()).unwrap_err().contains("relative_key"));
        let mut config = tiny();
        config["model_type"] = Value::Null;
        config["architectures"] = serde_json::json!(["CustomAlbert"]);
        assert!(parse(&config).unwrap_err().starts_with("unknown architecture \"CustomAlbert\""));
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

    /// What would make another network of the same tensors is refused by its key, and harmless values are not.
    #[test]
    fn variants_are_refused_by_name() {
        let refused = [
            ("auto_map", serde_json::json!({"AutoModel": "modeling_lsg_albert.LSGAlbertModel"})),
            ("is_decoder", true.into()),
            ("use_bottleneck", true.into()),
            ("trigram_input", true.into()),
            ("normalization_type", "no_norm".into()),
            ("ln_type", "preln".into()),
            ("layers_to_keep", serde_json::json!([0, 2])),
            ("pruned_heads", serde_json::json!({"0": [1]})),
            ("net_structure_type", 1.into()),
            ("gap_size", 2.into()),
            ("num_memory_blocks", 1.into()),
            ("down_scale_factor", 2.into()),
            ("quantization_config", serde_json::json!({"load_in_8bit": true})),
            ("torch_dtype", "int8".into()),
            ("dtype", "uint8".into()),
        ];
        for (key, value) in refused {
            let error = with(key, value).unwrap_err();
            assert!(error.starts_with(key), "{error}");
        }
        let harmless = [
            ("layers_to_keep", serde_json::json!([])),
            ("ln_type", "postln".into()),
            ("net_structure_type", 0.into()),
            ("down_scale_factor", 1.into()),
            ("torch_dtype", "bfloat16".into()),
            ("use_bottleneck", false.into()),
            ("pruned_heads", serde_json::json!({})),
            ("classifier_dropout_prob", Value::Null),
            ("output_past", true.into()),
        ];
        for (key, value) in harmless {
            assert_eq!(with(key, value), parse(&tiny()), "{key}");
        }
    }

    fn bert() -> Value {
        serde_json::json!({
            "model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "vocab_size": 30,
            "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 3, "num_attention_heads": 3,
            "max_position_embeddings": 16, "type_vocab_size": 2
        })
    }

    #[test]
    fn every_layer_of_berts_family_is_a_group() {
        let config = parse(&bert()).unwrap();
        assert_eq!((config.num_hidden_groups, config.inner_group_num, config.embedding_size), (3, 1, 12));
        assert_eq!(config.groups(), [0, 1, 2]);
        assert_eq!((config.max_position_embeddings, config.first_position), (16, 0));
        // Positions start after the padding token's id.
        for (name, pad, first) in [("roberta", 1, 2), ("xlm-roberta", 1, 2), ("camembert", 0, 1)] {
            let mut value = bert();
            (value["model_type"], value["pad_token_id"]) = (name.into(), pad.into());
            let config = parse(&value).unwrap();
            assert_eq!((config.max_position_embeddings, config.first_position), (16 - first, first), "{name}");
        }
        let mut value = bert();
        (value["model_type"], value["pad_token_id"]) = ("roberta".into(), 15.into());
        assert!(parse(&value).unwrap_err().contains("max_position_embeddings"));
    }

    #[test]
    fn pl_berts_sizes_are_in_yaml() {
        let text = "log_dir: \"x\"\nmodel_params:\n  vocab_size: 178\n  hidden_size: 768 # wide\n  num_attention_heads: 12\n  \
                    intermediate_size: 2048\n  max_position_embeddings: 512\n  num_hidden_layers: 12\n  dropout: 0.1\nother: 1\n";
        let config = parse(&of_pl_bert(text)).unwrap();
        assert_eq!((config.vocab_size, config.hidden_size, config.embedding_size), (178, 768, 128));
        assert_eq!((config.intermediate_size, config.num_hidden_layers, config.num_hidden_groups), (2048, 12, 1));
        assert!(parse(&of_pl_bert("nothing: 1")).unwrap_err().contains("is missing"));
    }

    #[test]
    fn distilbert_has_words_of_its_own() {
        let config = parse(&serde_json::json!({
            "model_type": "distilbert", "activation": "gelu", "vocab_size": 30, "dim": 12, "hidden_dim": 20,
            "n_layers": 3, "n_heads": 3, "max_position_embeddings": 16, "sinusoidal_pos_embds": false
        }));
        let config = config.unwrap();
        assert_eq!((config.hidden_size, config.intermediate_size, config.num_hidden_layers), (12, 20, 3));
        assert_eq!((config.num_attention_heads, config.type_vocab_size), (3, 1));
    }

    /// As in the first releases of BERT miniatures: sizes and nothing else.
    #[test]
    fn a_configuration_of_sizes_alone_is_a_bert() {
        let mut value = bert();
        for key in ["model_type", "architectures"] {
            value[key] = Value::Null;
        }
        let mut warnings = Vec::new();
        let config = CheckpointConfig::parse(value.to_string().as_bytes(), Dialect::Reference, &mut warnings).unwrap();
        assert_eq!(config.family, Family::Bert);
        assert_eq!(warnings, [Warning::GuessedFamily("bert")]);
        // Left over from an ALBERT.
        let mut value = bert();
        value["embedding_size"] = 8.into();
        let mut warnings = Vec::new();
        let config = CheckpointConfig::parse(value.to_string().as_bytes(), Dialect::Reference, &mut warnings).unwrap();
        assert_eq!((config.embedding_size, warnings), (12, vec![Warning::IgnoredKey("embedding_size")]));
    }

    #[test]
    fn cross_encoders_say_how_scores_are_made() {
        let of = |key: &str, value: Value| with(key, value).map(|config| config.problem_type);
        let old = "sbert_ce_default_activation_function";
        assert_eq!(of(old, "torch.nn.modules.linear.Identity".into()), Ok(Some(ProblemType::Regression)));
        let new = serde_json::json!({"activation_fn": "torch.nn.modules.activation.Sigmoid", "version": "4.1.0"});
        assert_eq!(of("sentence_transformers", new), Ok(Some(ProblemType::MultiLabel)));
        assert!(of(old, "my.Activation".into()).is_err());
    }

    #[test]
    fn labels_are_read_by_id() {
        let config = with("id2label", serde_json::json!({"10": "k", "2": "c"})).unwrap();
        assert_eq!(config.labels.into_iter().collect::<Vec<_>>(), [(2, "c".to_owned()), (10, "k".to_owned())]);
        assert!(with("id2label", serde_json::json!(["a"])).is_err());
        assert!(with("id2label", serde_json::json!({"x": "a"})).is_err());
        let numbers = with("id2label", serde_json::json!({"0": 7, "1": 0})).unwrap();
        assert_eq!(numbers.labels.into_values().collect::<Vec<_>>(), ["7", "0"]);
        let inverted = with("id2label", serde_json::json!({"NEGATIVE": 0, "POSITIVE": 1})).unwrap_err();
        assert!(inverted.contains("from names to ids"), "{inverted}");
        assert!(with("id2label", serde_json::json!({"0": ["a"]})).is_err());
    }
}
