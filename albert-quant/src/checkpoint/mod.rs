//! Checkpoints: named tensors out of whatever container they lie in.
//!
//! A container's reader finds its tensors without reading them and gives each its canonical name (see
//! [`names`](crate::names)). Element types, strides and the files they lie in are all that differs afterwards.

mod file;
mod flax;
mod hdf5;
mod pytorch;
mod safetensors;
mod sharded;
mod tensor;
mod tensorflow;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::CheckpointConfig;
use crate::error::{Error, Warning};
pub(crate) use tensor::{ElementType, Tensor};

/// Tensors by canonical name.
pub(crate) type Tensors = BTreeMap<String, Tensor>;

/// Weights files, best first, and how they are read.
const CONTAINERS: [(&str, Reader); 7] = [
    ("model.safetensors", safetensors::read),
    ("model.safetensors.index.json", sharded::read),
    ("pytorch_model.bin", pytorch::read),
    ("pytorch_model.bin.index.json", sharded::read),
    ("tf_model.h5", hdf5::read),
    ("flax_model.msgpack", flax::read),
    ("model.ckpt-best.index", tensorflow::read),
];

type Reader = fn(&Path) -> Result<Tensors, Error>;

/// A checkpoint: configuration and weights.
pub(crate) struct Checkpoint {
    /// Where the configuration and the tokenizer are.
    pub(crate) directory: PathBuf,
    pub(crate) config: CheckpointConfig,
    pub(crate) tensors: Tensors,
}

impl Checkpoint {
    /// Opens a checkpoint directory, or the weights file of one.
    pub(crate) fn open(path: &Path, warnings: &mut Vec<Warning>) -> Result<Self, Error> {
        let metadata = std::fs::metadata(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let (directory, weights, reader) = if metadata.is_dir() {
            let found =
                CONTAINERS.iter().map(|(name, reader)| (path.join(name), *reader)).find(|(file, _)| file.exists());
            let (weights, reader) = found.ok_or_else(|| Error::NoWeights { path: path.to_owned() })?;
            (path.to_owned(), weights, reader)
        } else {
            let reader = reader_of(path).ok_or_else(|| Error::UnknownContainer { path: path.to_owned() })?;
            let directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
            (directory, path.to_owned(), reader)
        };
        let config = CheckpointConfig::read(&directory.join("config.json"), warnings)?;
        Ok(Self { directory, config, tensors: reader(&weights)? })
    }

    /// The first dimension of a tensor, if it exists.
    pub(crate) fn rows(&self, name: &str) -> Option<usize> {
        self.tensors.get(name).map(|tensor| tensor.shape().first().copied().unwrap_or(0))
    }
}

/// The reader for a weights file, by the end of its name.
fn reader_of(path: &Path) -> Option<Reader> {
    let name = path.file_name()?.to_str()?;
    let ending = |known: &str| known.split_once('.').is_some_and(|(_, ending)| name.ends_with(&format!(".{ending}")));
    CONTAINERS.iter().rev().find(|(known, _)| ending(known)).map(|(_, reader)| *reader)
}

/// Adds a tensor; a second one of the same name must have the same values.
fn insert(tensors: &mut Tensors, name: String, tensor: Tensor) -> Result<(), Error> {
    match tensors.get(&name) {
        Some(first) if !first.same_values(&tensor) => Err(Error::DuplicateTensor { name }),
        Some(_) => Ok(()),
        None => {
            tensors.insert(name, tensor);
            Ok(())
        }
    }
}

fn damaged(path: &Path, reason: impl ToString) -> Error {
    Error::Container { path: path.to_owned(), reason: reason.to_string() }
}
