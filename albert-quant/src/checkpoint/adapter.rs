//! LoRA adapters: directories that `peft` writes, merged into the checkpoint that they were trained on.
//!
//! An adapter has two thin matrices A and B for some linears; the merged weight is `W + scale * B A` (Hu et al., 2021).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Tensor, Tensors, stored_in};
use crate::error::Error;
use crate::files::{self, MOST_CONFIG_BYTES};
use crate::names;

/// The configuration of an adapter.
pub(crate) const FILE: &str = "adapter_config.json";
/// Its weights, best first.
const WEIGHTS: [&str; 2] = ["adapter_model.safetensors", "adapter_model.bin"];

/// An adapter that has not been merged.
pub(crate) struct Adapter {
    path: PathBuf,
    config: Map<String, Value>,
    tensors: Tensors,
}

/// What is added to a weight: `scale * b a`.
#[derive(Clone)]
pub(crate) struct LowRank {
    a: Tensor,
    b: Tensor,
    scale: f32,
}

impl LowRank {
    /// Adds one row of the product to a row of the weight.
    pub(crate) fn add_row(&self, row: usize, out: &mut [f32]) {
        let rank = self.a.shape().first().copied().unwrap_or(0);
        let (mut factors, mut sum, mut direction) = (vec![0.0; rank], vec![0.0f32; out.len()], vec![0.0; out.len()]);
        self.b.read_row(row, &mut factors);
        for (index, factor) in factors.into_iter().enumerate() {
            self.a.read_row(index, &mut direction);
            sum.iter_mut().zip(&direction).for_each(|(sum, x)| *sum += factor * x);
        }
        out.iter_mut().zip(sum).for_each(|(x, sum)| *x += self.scale * sum);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.a.bytes() + self.b.bytes()
    }
}

/// The checkpoint that a `peft` adapter directory says it was trained on, a path or a hub id; `None` for a directory that is no
/// adapter's.
///
/// # Errors
/// [`Error`] when the adapter's configuration cannot be read.
pub fn base_of(directory: &Path) -> Result<Option<String>, Error> {
    let Some(config) = config(directory)? else { return Ok(None) };
    let base = config.get("base_model_name_or_path").and_then(Value::as_str).unwrap_or("");
    Ok(Some(base.to_owned()))
}

fn config(directory: &Path) -> Result<Option<Map<String, Value>>, Error> {
    let path = directory.join(FILE);
    let Some(text) = files::read_optional(&path, MOST_CONFIG_BYTES)? else { return Ok(None) };
    serde_json::from_slice(&text).map(Some).map_err(|error| wrong(&path, error.to_string()))
}

fn wrong(path: &Path, reason: impl Into<String>) -> Error {
    Error::Adapter { path: path.to_owned(), reason: reason.into() }
}

impl Adapter {
    /// Opens an adapter directory; refuses what is no plain LoRA.
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(FILE);
        let config = config(directory)?.ok_or_else(|| wrong(&path, "there is no such file"))?;
        let is =
            |key: &str, fine: &[Value]| config.get(key).is_none_or(|value| value.is_null() || fine.contains(value));
        if config.get("peft_type").and_then(Value::as_str) != Some("LORA") {
            return Err(wrong(&path, "peft_type is not LORA"));
        }
        let (off, empty) = ([Value::Bool(false)], [Value::Object(Map::new()), Value::Array(Vec::new())]);
        for key in ["use_dora", "fan_in_fan_out", "lora_bias", "use_qalora"] {
            if !is(key, &off) {
                return Err(wrong(&path, format!("{key} is not supported")));
            }
        }
        for key in
            ["layer_replication", "alpha_pattern", "megatron_config", "trainable_token_indices", "target_parameters"]
        {
            if !is(key, &empty) {
                return Err(wrong(&path, format!("{key} is not supported")));
            }
        }
        let weights = WEIGHTS.iter().map(|name| directory.join(name)).find(|file| file.exists());
        let weights = weights.ok_or_else(|| Error::NoWeights { path: directory.to_owned() })?;
        Ok(Self { path, config, tensors: stored_in(&weights)? })
    }

    /// Replaces the base's tensors that were trained whole; returns what is to be added to the others, by canonical name.
    pub(crate) fn merge(self, base: &mut Tensors) -> Result<BTreeMap<String, LowRank>, Error> {
        let Self { path, config, tensors } = self;
        let mut pairs: BTreeMap<String, (Option<Tensor>, Option<Tensor>)> = BTreeMap::new();
        for (stored, tensor) in tensors {
            let name = stored.strip_prefix("base_model.model.").unwrap_or(&stored);
            let name = name.replace(".base_layer.", ".").replace(".modules_to_save.", ".");
            let canonical = |stem: &str| names::canonical(&format!("{stem}.weight"));
            if let Some(stem) = name.strip_suffix(".lora_A.weight") {
                if let Some(name) = canonical(stem) {
                    pairs.entry(name).or_default().0 = Some(tensor);
                }
            } else if let Some(stem) = name.strip_suffix(".lora_B.weight") {
                if let Some(name) = canonical(stem) {
                    pairs.entry(name).or_default().1 = Some(tensor);
                }
            } else if name.contains("lora_") {
                return Err(wrong(&path, format!("{stored} is not supported")));
            } else if let Some(name) = names::canonical(&name) {
                base.insert(name, tensor);
            }
        }
        let mut added = BTreeMap::new();
        for (name, pair) in pairs {
            let (Some(a), Some(b)) = pair else { return Err(wrong(&path, format!("half of {name} is missing"))) };
            let weight = base.get(&name).ok_or_else(|| wrong(&path, format!("the base has no {name}")))?;
            let fits = match (weight.shape(), a.shape(), b.shape()) {
                (&[rows, columns], &[rank, inputs], &[outputs, ranks]) => {
                    (rows, columns, rank) == (outputs, inputs, ranks) && a.is_float() && b.is_float()
                }
                _ => false,
            };
            if !fits {
                return Err(wrong(&path, format!("{name} has another shape in the base")));
            }
            let scale = scale(&config, a.shape()[0]).ok_or_else(|| wrong(&path, "r or lora_alpha is wrong"))?;
            added.insert(name, LowRank { a, b, scale });
        }
        Ok(added)
    }
}

/// `alpha / r`, or over the square root of r.
fn scale(config: &Map<String, Value>, rank: usize) -> Option<f32> {
    let alpha = config.get("lora_alpha")?.as_f64()?;
    let rank = rank as f64;
    let stabilized = config.get("use_rslora").and_then(Value::as_bool).unwrap_or(false);
    let scale = if stabilized { alpha / rank.sqrt() } else { alpha / rank };
    Some(scale as f32).filter(|scale| scale.is_finite())
}
