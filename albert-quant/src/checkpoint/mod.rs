//! Checkpoints: named tensors out of whatever container they lie in.
//!
//! A container's reader finds its tensors without reading them and gives each its canonical name (see
//! [`names`](crate::names)). Element types, strides and the files they lie in are all that differs afterwards.

mod adapter;
mod flax;
mod found;
mod hdf5;
mod pytorch;
mod safetensors;
mod sentence;
mod sharded;
mod tensor;
mod tensorflow;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{self, CheckpointConfig};
use crate::error::{Error, Warning};
use crate::tokenizer;
use adapter::Adapter;
pub(crate) use adapter::LowRank;
pub use adapter::base_of as adapter_base;
use found::Found;
pub(crate) use found::Tensors;
pub(crate) use sentence::Sentence;
pub(crate) use tensor::{ElementType, Tensor};

/// Weights files, best first: name in a checkpoint directory, end of the name of a file that is given by itself, reader.
pub(crate) const CONTAINERS: [(&str, &str, Reader); 12] = [
    ("model.safetensors", ".safetensors", safetensors::read),
    ("model.safetensors.index.json", ".safetensors.index.json", sharded::read),
    ("pytorch_model.bin", ".bin", pytorch::read),
    ("pytorch_model.bin.index.json", ".bin.index.json", sharded::read),
    ("tf_model.h5", ".h5", hdf5::read),
    ("tf_model.h5.index.json", ".h5.index.json", sharded::read),
    ("flax_model.msgpack", ".msgpack", flax::read),
    ("flax_model.msgpack.index.json", ".msgpack.index.json", sharded::read),
    ("model.pt", ".pt", pytorch::read),
    ("model.pth", ".pth", pytorch::read),
    ("model.t7", ".t7", pytorch::read),
    ("model.ckpt-best.index", TENSORFLOW_INDEX, tensorflow::read),
];

/// End of the name of an original TensorFlow checkpoint's index; what comes before tells the training step.
const TENSORFLOW_INDEX: &str = ".index";

pub(crate) type Reader = fn(&Path) -> Result<Tensors, Error>;

/// A checkpoint: configuration and weights.
pub(crate) struct Checkpoint {
    /// Where the tokenizer is.
    pub(crate) directory: PathBuf,
    pub(crate) config_path: PathBuf,
    pub(crate) config: CheckpointConfig,
    /// Whether these are variables of the original TensorFlow code. It leaves the embedding mapping out where E = H.
    pub(crate) original: bool,
    /// Whether an embedding mapping was there that changes nothing; it is taken away.
    pub(crate) identity: bool,
    pub(crate) tensors: Tensors,
    /// What an adapter adds to some of them.
    pub(crate) added: BTreeMap<String, LowRank>,
    /// How embeddings of texts are made, when the checkpoint says so.
    pub(crate) sentence: Option<Sentence>,
}

impl Checkpoint {
    /// Opens a checkpoint directory, or the weights file of one. An adapter's directory is merged into `base`, or into the
    /// directory that it names.
    pub(crate) fn open(path: &Path, base: Option<&Path>, warnings: &mut Vec<Warning>) -> Result<Self, Error> {
        let Some(name) = adapter::base_of(path)? else {
            return Self::open_whole(path, warnings);
        };
        let base = base.map_or_else(|| PathBuf::from(&name), Path::to_owned);
        if !base.exists() {
            return Err(Error::AdapterBase { path: path.to_owned(), base: name });
        }
        let adapter = Adapter::open(path)?;
        let mut checkpoint = Self::open_whole(&base, warnings)?;
        checkpoint.added = adapter.merge(&mut checkpoint.tensors)?;
        if tokenizer::FILES.iter().any(|file| path.join(file).exists()) {
            path.clone_into(&mut checkpoint.directory);
        }
        Ok(checkpoint)
    }

    fn open_whole(path: &Path, warnings: &mut Vec<Warning>) -> Result<Self, Error> {
        let metadata = std::fs::metadata(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let (directory, weights, sentence) = if metadata.is_dir() {
            let (directory, sentence) = match sentence::read(path)? {
                Some((network, sentence)) => (network, Some(sentence)),
                None => (path.to_owned(), None),
            };
            let weights = weights_in(&directory)?;
            (directory, weights, sentence)
        } else {
            (path.parent().map_or_else(PathBuf::new, Path::to_owned), path.to_owned(), None)
        };
        if sentence.as_ref().is_some_and(|sentence| sentence.lower_case) {
            warnings.push(Warning::SentenceLowerCase);
        }
        // Whether it is a container at all comes first.
        reader_of(&weights).ok_or_else(|| Error::UnknownContainer { path: weights.clone() })?;
        let config_path = config::file_in(&directory);
        let config = CheckpointConfig::read(&config_path, warnings)?;
        let original = weights.as_os_str().as_encoded_bytes().ends_with(TENSORFLOW_INDEX.as_bytes());
        let tensors = stored_in(&weights)?;
        let (identity, added) = (false, BTreeMap::new());
        Ok(Self { directory, config_path, config, original, identity, tensors, added, sentence })
    }

    /// The first dimension of a tensor, if it exists.
    pub(crate) fn rows(&self, name: &str) -> Option<usize> {
        self.tensors.get(name).map(|tensor| tensor.shape().first().copied().unwrap_or(0))
    }
}

/// The tensors of a weights file.
pub(crate) fn stored_in(weights: &Path) -> Result<Tensors, Error> {
    let reader = reader_of(weights).ok_or_else(|| Error::UnknownContainer { path: weights.to_owned() })?;
    reader(weights)
}

/// The tensors of a directory's weights file.
pub(crate) fn weights_of(directory: &Path) -> Result<Tensors, Error> {
    stored_in(&weights_in(directory)?)
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
    // Neither an original TensorFlow checkpoint nor one of training scripts has a fixed name.
    let unnamed = |name: &String| [TENSORFLOW_INDEX, ".t7"].iter().any(|ending| name.ends_with(ending));
    let mut indexes: Vec<String> = names.filter(unnamed).collect();
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
    let fitting = CONTAINERS.iter().filter(|(_, ending, _)| name.ends_with(ending));
    fitting.max_by_key(|(_, ending, _)| ending.len()).map(|(.., reader)| *reader)
}

fn damaged(path: &Path, reason: impl ToString) -> Error {
    Error::Container { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::CONTAINERS;

    #[test]
    fn the_hub_client_fetches_the_same_files_in_the_same_order() {
        let own = CONTAINERS.map(|(name, ..)| name);
        assert_eq!(albert_hub::WEIGHTS, own[..albert_hub::WEIGHTS.len()]);
    }
}
