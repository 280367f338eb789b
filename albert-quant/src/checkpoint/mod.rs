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

use crate::config::{self, CheckpointConfig};
use crate::error::{Error, Warning};
pub(crate) use sharded::shards as shards_of;
pub(crate) use tensor::{ElementType, Tensor};

/// Tensors by canonical name.
pub(crate) type Tensors = BTreeMap<String, Tensor>;

/// Weights files, best first: name in a checkpoint directory, end of the name of a file that is given by itself, reader.
pub(crate) const CONTAINERS: [(&str, &str, Reader); 7] = [
    ("model.safetensors", ".safetensors", safetensors::read),
    ("model.safetensors.index.json", ".safetensors.index.json", sharded::read),
    ("pytorch_model.bin", ".bin", pytorch::read),
    ("pytorch_model.bin.index.json", ".bin.index.json", sharded::read),
    ("tf_model.h5", ".h5", hdf5::read),
    ("flax_model.msgpack", ".msgpack", flax::read),
    ("model.ckpt-best.index", TENSORFLOW_INDEX, tensorflow::read),
];

/// End of the name of an original TensorFlow checkpoint's index; what comes before tells the training step.
const TENSORFLOW_INDEX: &str = ".index";

pub(crate) type Reader = fn(&Path) -> Result<Tensors, Error>;

/// A checkpoint: configuration and weights.
pub(crate) struct Checkpoint {
    /// Where the configuration and the tokenizer are.
    pub(crate) directory: PathBuf,
    pub(crate) config_path: PathBuf,
    pub(crate) config: CheckpointConfig,
    /// Whether these are variables of the original TensorFlow code. It leaves the embedding mapping out where E = H.
    pub(crate) original: bool,
    pub(crate) tensors: Tensors,
}

impl Checkpoint {
    /// Opens a checkpoint directory, or the weights file of one.
    pub(crate) fn open(path: &Path, warnings: &mut Vec<Warning>) -> Result<Self, Error> {
        let metadata = std::fs::metadata(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let (directory, weights) = if metadata.is_dir() {
            (path.to_owned(), weights_in(path)?)
        } else {
            (path.parent().map_or_else(PathBuf::new, Path::to_owned), path.to_owned())
        };
        let reader = reader_of(&weights).ok_or_else(|| Error::UnknownContainer { path: weights.clone() })?;
        let config_path = config::file_in(&directory);
        let config = CheckpointConfig::read(&config_path, warnings)?;
        let original = weights.as_os_str().as_encoded_bytes().ends_with(TENSORFLOW_INDEX.as_bytes());
        Ok(Self { directory, config_path, config, original, tensors: reader(&weights)? })
    }

    /// The first dimension of a tensor, if it exists.
    pub(crate) fn rows(&self, name: &str) -> Option<usize> {
        self.tensors.get(name).map(|tensor| tensor.shape().first().copied().unwrap_or(0))
    }
}

/// The weights file of a checkpoint directory.
fn weights_in(directory: &Path) -> Result<PathBuf, Error> {
    let known = CONTAINERS.iter().map(|(name, ..)| directory.join(name)).find(|file| file.exists());
    if let Some(file) = known {
        return Ok(file);
    }
    let failed = |source| Error::Read { path: directory.to_owned(), source };
    let files: Result<Vec<_>, _> = std::fs::read_dir(directory).map_err(failed)?.collect();
    let names = files.map_err(failed)?.into_iter().filter_map(|file| file.file_name().into_string().ok());
    let mut indexes: Vec<String> = names.filter(|name| name.ends_with(TENSORFLOW_INDEX)).collect();
    indexes.sort_unstable();
    match indexes.as_slice() {
        [] => Err(Error::NoWeights { path: directory.to_owned() }),
        [index] => Ok(directory.join(index)),
        _ => Err(Error::SeveralWeights { path: directory.to_owned(), files: indexes }),
    }
}

/// The reader for a weights file, by the end of its name.
fn reader_of(path: &Path) -> Option<Reader> {
    let name = path.file_name()?.to_str()?;
    CONTAINERS.iter().find(|(_, ending, _)| name.ends_with(ending)).map(|(.., reader)| *reader)
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
