//! Which files of a repository make a checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::cache::is_plain;

pub(super) const CONFIG: &str = "config.json";
/// The tokenizer itself, best first: one is enough.
pub(super) const TOKENIZERS: [&str; 4] = ["tokenizer.json", "spiece.model", "sentencepiece.bpe.model", "vocab.txt"];
/// What is said about tokenizer and network beside them.
#[cfg(feature = "download")]
pub(super) const SETTINGS: [&str; 5] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
];
/// The modules of a sentence-transformers checkpoint.
pub(super) const MODULES: &str = "modules.json";

/// Names of weights files, best first. The original TensorFlow code's checkpoints have no fixed name on the hub.
pub const WEIGHTS: [&str; 8] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "tf_model.h5",
    "tf_model.h5.index.json",
    "flax_model.msgpack",
    "flax_model.msgpack.index.json",
];

/// Most bytes of an index or a list of modules, most shards, most modules.
const MOST_INDEX_BYTES: u64 = 16 << 20;
const MOST_SHARDS: usize = 1024;
const MOST_MODULES: usize = 16;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    class: String,
}

/// A module of a sentence-transformers checkpoint that lies in a directory of its own.
pub(super) struct ModuleFolder {
    pub(super) path: String,
    /// Whether it has settings, and means nothing without them.
    pub(super) config: bool,
    /// Whether it has weights: a dense layer, or the network itself.
    pub(super) weights: bool,
    /// Whether it is the network.
    pub(super) network: bool,
}

/// The shards that an index file names; none for weights in one file.
pub(super) fn shards(weights: &Path) -> Result<BTreeSet<String>, String> {
    if !weights.as_os_str().as_encoded_bytes().ends_with(b".index.json") {
        return Ok(BTreeSet::new());
    }
    let index: Index = read(weights)?;
    let shards: BTreeSet<String> = index.weight_map.into_values().collect();
    if shards.len() > MOST_SHARDS {
        return Err(format!("{} shards", shards.len()));
    }
    // A shard is a neighbour of its index; anything else could name files that are nobody's checkpoint.
    match shards.iter().find(|shard| !is_plain(shard)) {
        Some(shard) => Err(format!("shard {shard:?} is not a file name")),
        None => Ok(shards),
    }
}

/// The modules that have directories of their own.
pub(super) fn modules(path: &Path) -> Result<Vec<ModuleFolder>, String> {
    let modules: Vec<Module> = read(path)?;
    if modules.len() > MOST_MODULES {
        return Err(format!("{} modules", modules.len()));
    }
    let folders = modules.into_iter().filter(|module| !module.path.is_empty());
    let folder = |Module { path, class }: Module| {
        let is = |name: &str| class.rsplit('.').next() == Some(name);
        let (network, dense) = (is("Transformer"), is("Dense"));
        match is_plain(&path) {
            true => Ok(ModuleFolder { path, config: dense || is("Pooling"), weights: network || dense, network }),
            false => Err(format!("module {path:?} is not a directory name")),
        }
    };
    folders.map(folder).collect()
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    let mut text = Vec::new();
    let file = File::open(path).and_then(|file| file.take(MOST_INDEX_BYTES + 1).read_to_end(&mut text));
    file.map_err(|error| error.to_string())?;
    if text.len() as u64 > MOST_INDEX_BYTES {
        return Err(format!("more than {MOST_INDEX_BYTES} bytes"));
    }
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

/// Whether a directory holds a configuration and weights, with all of their shards and modules.
pub(super) fn has_model(directory: &Path) -> bool {
    let modules = directory.join(MODULES);
    let folders = if modules.is_file() { self::modules(&modules).ok() } else { Some(Vec::new()) };
    let Some(folders) = folders else { return false };
    let root = match folders.iter().find(|folder| folder.network) {
        Some(folder) => directory.join(&folder.path),
        None => directory.to_owned(),
    };
    let complete = |folder: &ModuleFolder| {
        let own = directory.join(&folder.path);
        folder.network || (!folder.config || own.join(CONFIG).is_file()) && (!folder.weights || has_weights(&own))
    };
    root.join(CONFIG).is_file() && has_weights(&root) && folders.iter().all(complete)
}

/// Whether a directory holds weights, with all of their shards.
fn has_weights(directory: &Path) -> bool {
    let complete = |name: &str| {
        let file = directory.join(name);
        file.is_file() && shards(&file).is_ok_and(|shards| shards.iter().all(|shard| directory.join(shard).is_file()))
    };
    WEIGHTS.into_iter().find(|name| directory.join(name).is_file()).is_some_and(complete)
}

/// Whether a directory holds a tokenizer, too.
pub(super) fn has_text_model(directory: &Path) -> bool {
    let network = modules(&directory.join(MODULES)).ok();
    let network = network.and_then(|folders| folders.into_iter().find(|folder| folder.network));
    let root = network.map_or_else(|| directory.to_owned(), |folder| directory.join(folder.path));
    has_model(directory) && TOKENIZERS.iter().any(|name| root.join(name).is_file())
}
