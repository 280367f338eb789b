//! Sentence-transformers checkpoints: the modules after the network, and how texts come to it.

use std::path::{Path, PathBuf};

use albert_core::config::{Activation, Pooling};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Tensor, Tensors, weights_of};
use crate::config;
use crate::error::Error;
use crate::files::{self, MOST_CONFIG_BYTES};

/// The list of modules.
pub(crate) const MODULES: &str = "modules.json";
/// Most modules of a checkpoint.
const MOST_MODULES: usize = 16;

/// Most prompts that a model file has.
const MOST_PROMPTS: usize = 64;

/// A dense layer after pooling.
pub(crate) struct Dense {
    pub(crate) activation: Activation,
    pub(crate) outputs: usize,
    pub(crate) weight: Tensor,
    pub(crate) bias: Option<Tensor>,
}

/// What a sentence-transformers checkpoint adds to its network.
pub(crate) struct Sentence {
    pub(crate) pooling: Pooling,
    pub(crate) dense: Option<Dense>,
    /// Whether embeddings are scaled to length 1.
    pub(crate) normalize: bool,
    /// Most tokens of a text, special ones included.
    pub(crate) max_sequence: Option<u32>,
    /// Whether texts are put in lower case before they are tokenized.
    pub(crate) lower_case: bool,
    /// Names and texts to put before inputs, by name.
    pub(crate) prompts: Vec<(String, String)>,
    /// Name of the one that is used when none is asked for.
    pub(crate) default_prompt: Option<String>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    class: String,
}

impl Module {
    /// The class without its Python module.
    fn name(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or("")
    }
}

/// The directory of the network, and what comes after it; `None` for a directory that is no sentence-transformers checkpoint.
pub(crate) fn read(directory: &Path) -> Result<Option<(PathBuf, Sentence)>, Error> {
    let path = directory.join(MODULES);
    let Some(text) = files::read_optional(&path, MOST_CONFIG_BYTES)? else { return Ok(None) };
    let failed = |reason: String| Error::Modules { path: path.clone(), reason };
    let modules: Vec<Module> = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    if modules.len() > MOST_MODULES {
        return Err(failed(format!("{} modules", modules.len())));
    }
    let plain =
        |module: &&Module| module.path.is_empty() || Path::new(&module.path).file_name() == Some(module.path.as_ref());
    if let Some(module) = modules.iter().find(|module| !plain(module)) {
        return Err(failed(format!("{:?} is not a directory name", module.path)));
    }
    let mut rest = modules.iter().filter(|module| module.name() != "Dropout");
    let network = rest.next().filter(|module| module.name() == "Transformer");
    let network = network.ok_or_else(|| failed("the first module is no Transformer".to_owned()))?;
    let network = directory.join(&network.path);
    let mut sentence = settings(&network, directory)?;
    let mut pooled = false;
    for module in rest {
        let own = directory.join(&module.path);
        match module.name() {
            "Pooling" if !pooled => {
                sentence.pooling = pooling(&own, !sentence.prompts.is_empty())?;
                pooled = true;
            }
            "Dense" if pooled && sentence.dense.is_none() && !sentence.normalize => {
                sentence.dense = Some(dense(&own)?);
            }
            "Normalize" if pooled => sentence.normalize = true,
            _ => return Err(failed(format!("module {:?} is not supported in this place", module.class))),
        }
    }
    match pooled {
        true => Ok(Some((network, sentence))),
        false => Err(failed("there is no Pooling module".to_owned())),
    }
}

/// An object of a file, empty when there is none.
fn object(path: &Path) -> Result<Map<String, Value>, Error> {
    let Some(text) = files::read_optional(path, MOST_CONFIG_BYTES)? else { return Ok(Map::new()) };
    serde_json::from_slice(&text).map_err(|error| wrong(path, error))
}

fn wrong(path: &Path, reason: impl ToString) -> Error {
    Error::Modules { path: path.to_owned(), reason: reason.to_string() }
}

/// Everything that is said in files beside the modules.
fn settings(network: &Path, directory: &Path) -> Result<Sentence, Error> {
    let path = network.join("sentence_bert_config.json");
    let own = object(&path)?;
    let max_sequence = match own.get("max_seq_length").filter(|value| !value.is_null()) {
        None => None,
        Some(value) => {
            let tokens = value.as_u64().and_then(|tokens| u32::try_from(tokens).ok()).filter(|&tokens| tokens > 0);
            Some(tokens.ok_or_else(|| wrong(&path, format!("max_seq_length is {value}")))?)
        }
    };
    let lower_case = own.get("do_lower_case").and_then(Value::as_bool).unwrap_or(false);
    let path = directory.join("config_sentence_transformers.json");
    let all = object(&path)?;
    let mut prompts = Vec::new();
    for (name, text) in all.get("prompts").and_then(Value::as_object).into_iter().flatten() {
        let text = text.as_str().ok_or_else(|| wrong(&path, format!("prompt {name:?} is no text")))?;
        prompts.push((name.clone(), text.to_owned()));
    }
    if prompts.len() > MOST_PROMPTS {
        return Err(wrong(&path, format!("{} prompts", prompts.len())));
    }
    let default_prompt = all.get("default_prompt_name").and_then(Value::as_str).map(str::to_owned);
    if let Some(name) = default_prompt.as_ref().filter(|name| !prompts.iter().any(|(known, _)| known == *name)) {
        return Err(wrong(&path, format!("default_prompt_name {name:?} is no prompt")));
    }
    let (pooling, dense, normalize) = (Pooling::Mean, None, false);
    Ok(Sentence { pooling, dense, normalize, max_sequence, lower_case, prompts, default_prompt })
}

/// The mode of a pooling module.
fn pooling(directory: &Path, prompts: bool) -> Result<Pooling, Error> {
    const PREFIX: &str = "pooling_mode_";
    let path = directory.join(config::FILE);
    let all = object(&path)?;
    let on = |mode: &str, default: bool| {
        all.get(&format!("{PREFIX}{mode}")).map_or(default, |value| value.as_bool().unwrap_or(false))
    };
    let mut modes: Vec<&str> = match all.get("pooling_mode").and_then(Value::as_str) {
        Some(mode) => vec![mode],
        // A configuration without a mode is the class's default.
        None => ["cls_token", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
            .into_iter()
            .filter(|mode| on(mode, false))
            .collect(),
    };
    if !all.contains_key("pooling_mode") && on("mean_tokens", true) {
        modes.push("mean_tokens");
    }
    if prompts && all.get("include_prompt").and_then(Value::as_bool) == Some(false) {
        return Err(wrong(&path, "prompts are left out of the pooling (include_prompt), which is not supported"));
    }
    match modes.as_slice() {
        ["cls_token" | "cls"] => Ok(Pooling::FirstToken),
        ["max_tokens" | "max"] => Ok(Pooling::Max),
        ["mean_tokens" | "mean"] => Ok(Pooling::Mean),
        ["mean_sqrt_len_tokens" | "mean_sqrt_len"] => Ok(Pooling::MeanSqrt),
        modes => Err(wrong(&path, format!("pooling {} is not supported", modes.join(" with ")))),
    }
}

/// A dense layer's settings and weights.
fn dense(directory: &Path) -> Result<Dense, Error> {
    let path = directory.join(config::FILE);
    let all = object(&path)?;
    let function = all.get("activation_function").and_then(Value::as_str).unwrap_or("Tanh");
    let activation = match function.rsplit('.').next().unwrap_or("") {
        "Tanh" => Activation::Tanh,
        "Identity" => Activation::Linear,
        "ReLU" => Activation::Relu,
        "GELU" => Activation::Gelu,
        "Sigmoid" => Activation::Sigmoid,
        "SiLU" => Activation::Silu,
        _ => return Err(wrong(&path, format!("activation_function {function:?} is not supported"))),
    };
    let mut tensors: Tensors = weights_of(directory)?;
    let weight = tensors.remove("linear.weight").ok_or_else(|| wrong(&path, "its linear.weight is missing"))?;
    let outputs = weight.shape().first().copied().unwrap_or(0);
    Ok(Dense { activation, outputs, weight, bias: tensors.remove("linear.bias") })
}
