//! Checkpoints in several files: an index that maps tensors to shards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::{Tensors, damaged, insert, pytorch, safetensors};
use crate::error::Error;
use crate::names;

/// The part of an index file that says where tensors are.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Finds the tensors of all shards that an index names.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let text = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let index: Index = serde_json::from_slice(&text).map_err(|error| damaged(path, error))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let shards: BTreeSet<&str> = index.weight_map.values().map(String::as_str).collect();
    let mut tensors = Tensors::new();
    for shard in shards {
        // A shard is a neighbour of its index; anything else could name files that are nobody's checkpoint.
        if Path::new(shard).file_name() != Some(shard.as_ref()) {
            return Err(damaged(path, format!("shard {shard:?} is not a file name")));
        }
        let read = if shard.ends_with(".bin") { pytorch::read } else { safetensors::read };
        for (name, tensor) in read(&directory.join(shard))? {
            insert(&mut tensors, name, tensor)?;
        }
    }
    let absent = index
        .weight_map
        .iter()
        .find(|(stored, _)| names::canonical(stored).is_some_and(|name| !tensors.contains_key(&name)));
    match absent {
        Some((stored, shard)) => Err(damaged(path, format!("tensor {stored} is not in {shard}"))),
        None => Ok(tensors),
    }
}
