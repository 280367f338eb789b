//! Which files of a repository make a checkpoint.

use std::collections::BTreeSet;
use std::path::Path;

use crate::checkpoint::{self, CONTAINERS};

pub(super) const CONFIG: &str = "config.json";
/// The tokenizer itself, best first: one is enough.
pub(super) const TOKENIZERS: [&str; 3] = ["tokenizer.json", "spiece.model", "vocab.txt"];
/// What is said about it beside it.
#[cfg(feature = "hub")]
pub(super) const TOKENIZER_SETTINGS: [&str; 3] =
    ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

/// Names of weights files, best first. The original TensorFlow code's checkpoints have no fixed name on the hub.
pub(super) fn weights() -> impl Iterator<Item = &'static str> {
    CONTAINERS.iter().map(|(name, ..)| *name).filter(|name| !name.starts_with("model.ckpt"))
}

/// The shards that an index file names; none for weights in one file.
pub(super) fn shards(weights: &Path) -> Result<BTreeSet<String>, crate::Error> {
    if weights.as_os_str().as_encoded_bytes().ends_with(b".index.json") {
        checkpoint::shards_of(weights)
    } else {
        Ok(BTreeSet::new())
    }
}

/// Whether a directory holds a configuration and weights, with all of their shards.
pub(super) fn has_model(directory: &Path) -> bool {
    let complete = |name: &str| {
        let file = directory.join(name);
        file.is_file() && shards(&file).is_ok_and(|shards| shards.iter().all(|shard| directory.join(shard).is_file()))
    };
    directory.join(CONFIG).is_file() && weights().find(|name| directory.join(name).is_file()).is_some_and(complete)
}

/// Whether a directory holds a tokenizer, too.
pub(super) fn has_text_model(directory: &Path) -> bool {
    has_model(directory) && TOKENIZERS.iter().any(|name| directory.join(name).is_file())
}
