//! The keys of a configuration, typed, and what they may say.

use std::collections::BTreeMap;

use albert_core::config::{Activation, ProblemType};
use serde_json::{Map, Value};

use super::Dialect;
use crate::error::{ConfigProblem, Warning};
use crate::family::Family;

/// Typed access to the keys; `null` counts as absent everywhere.
pub(super) struct Keys<'a>(pub(super) &'a Map<String, Value>);

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
    pub(super) fn family(
        &self,
        architecture: Option<&str>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Family, ConfigProblem> {
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
    pub(super) fn refuse_variants(&self) -> Result<(), ConfigProblem> {
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
    pub(super) fn padding(&self) -> Result<u32, ConfigProblem> {
        const KEY: &str = "pad_token_id";
        let Some(value) = self.value(KEY) else { return Ok(1) };
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| wrong(KEY, value, "an id"))
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A size that must be there: the reference's defaults are those of its largest model.
    pub(super) fn size(&self, key: &'static str, limit: u32) -> Result<u32, ConfigProblem> {
        let value = self.value(key).ok_or(ConfigProblem::Missing(key))?;
        let size = value.as_u64().and_then(|size| u32::try_from(size).ok()).filter(|size| (1..=limit).contains(size));
        size.ok_or_else(|| wrong(key, value, &format!("a whole number from 1 to {limit}")))
    }

    pub(super) fn text(&self, key: &'static str) -> Result<Option<&'a str>, ConfigProblem> {
        self.value(key).map(|value| value.as_str().ok_or_else(|| wrong(key, value, "a string"))).transpose()
    }

    pub(super) fn flag(&self, key: &'static str) -> Result<Option<bool>, ConfigProblem> {
        self.value(key).map(|value| value.as_bool().ok_or_else(|| wrong(key, value, "true or false"))).transpose()
    }

    pub(super) fn architecture(&self) -> Result<Option<String>, ConfigProblem> {
        const KEY: &str = "architectures";
        let Some(value) = self.value(KEY) else { return Ok(None) };
        match value.as_array().map(Vec::as_slice) {
            Some([]) => Ok(None),
            Some([Value::String(class), ..]) => Ok(Some(class.clone())),
            _ => Err(wrong(KEY, value, "a list of class names")),
        }
    }

    pub(super) fn activation(
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
    pub(super) fn layer_norm_eps(&self) -> Result<f32, ConfigProblem> {
        const KEY: &str = "layer_norm_eps";
        let Some(value) = self.value(KEY) else { return Ok(1e-12) };
        let eps = value.as_f64().map(|eps| eps as f32).filter(|eps| eps.is_finite() && *eps >= 0.0);
        eps.ok_or_else(|| wrong(KEY, value, "a finite number that is not negative"))
    }

    pub(super) fn problem_type(&self) -> Result<Option<ProblemType>, ConfigProblem> {
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

    pub(super) fn labels(&self) -> Result<BTreeMap<u32, String>, ConfigProblem> {
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
