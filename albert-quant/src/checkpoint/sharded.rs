//! Checkpoints in several files: an index that maps tensors to shards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::{Found, Tensors, damaged, stored_in};
use crate::error::Error;
use crate::files;
use crate::names;

/// Ends of shards' names. An index is none: it could name itself.
const SHARDS: [&str; 4] = [".safetensors", ".bin", ".h5", ".msgpack"];
/// Most shards of a checkpoint.
const MOST_SHARDS: usize = 1024;

/// The part of an index file that says where tensors are.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Index {
    fn read(path: &Path) -> Result<Self, Error> {
        let text = files::read(path, files::MOST_INDEX_BYTES)?;
        serde_json::from_slice(&text).map_err(|error| damaged(path, error))
    }

    /// The shards' names. A shard is a neighbour of its index; anything else could name files that are nobody's checkpoint.
    fn shards(&self, path: &Path) -> Result<BTreeSet<String>, Error> {
        let shards: BTreeSet<String> = self.weight_map.values().cloned().collect();
        if shards.len() > MOST_SHARDS {
            return Err(damaged(path, format!("{} shards", shards.len())));
        }
        let ending = |shard: &String| SHARDS.iter().any(|ending| shard.ends_with(ending));
        match shards.iter().find(|shard| Path::new(shard).file_name() != Some(shard.as_ref()) || !ending(shard)) {
            Some(shard) => Err(damaged(path, format!("shard {shard:?} is not a file name of weights"))),
            None => Ok(shards),
        }
    }
}

/// Finds the tensors of all shards that an index names.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let index = Index::read(path)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut found = Found::new(path, 0);
    for shard in index.shards(path)? {
        for (name, tensor) in stored_in(&directory.join(&shard))? {
            found.add_file(tensor.bytes());
            found.insert(name, tensor)?;
        }
    }
    let tensors = found.into_tensors();
    let name_of = |stored: &str, shard: &str| match () {
        () if shard.ends_with(".h5") => names::of_keras(stored).map(|(name, _)| name),
        () if shard.ends_with(".msgpack") => {
            names::of_flax(&stored.split('/').collect::<Vec<_>>()).map(|(name, _)| name)
        }
        () => names::canonical(stored),
    };
    let absent = index
        .weight_map
        .iter()
        .find(|(stored, shard)| name_of(stored, shard).is_some_and(|name| !tensors.contains_key(&name)));
    match absent {
        Some((stored, shard)) => Err(damaged(path, format!("tensor {stored} is not in {shard}"))),
        None => Ok(tensors),
    }
}
