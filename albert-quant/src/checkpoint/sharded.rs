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

impl Index {
    fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        serde_json::from_slice(&text).map_err(|error| damaged(path, error))
    }

    /// The shards' names. A shard is a neighbour of its index; anything else could name files that are nobody's checkpoint.
    fn shards(&self, path: &Path) -> Result<BTreeSet<String>, Error> {
        let shards: BTreeSet<String> = self.weight_map.values().cloned().collect();
        match shards.iter().find(|shard| Path::new(shard).file_name() != Some(shard.as_ref())) {
            Some(shard) => Err(damaged(path, format!("shard {shard:?} is not a file name"))),
            None => Ok(shards),
        }
    }
}

/// The files that an index names.
pub(crate) fn shards(path: &Path) -> Result<BTreeSet<String>, Error> {
    Index::read(path)?.shards(path)
}

/// Finds the tensors of all shards that an index names.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let index = Index::read(path)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut tensors = Tensors::new();
    for shard in index.shards(path)? {
        let read = if shard.ends_with(".bin") { pytorch::read } else { safetensors::read };
        for (name, tensor) in read(&directory.join(&shard))? {
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
