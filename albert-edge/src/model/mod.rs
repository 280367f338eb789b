//! A model that owns, or shares, the memory of its file.

mod bytes;
mod checksum;
#[cfg(feature = "std")]
mod file;
mod head;
#[cfg(feature = "std")]
mod pages;
mod served;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use albert_core::Config;
use albert_core::tokenizer::Tokenizer;
use self_cell::self_cell;

use crate::error::{Error, Result};
use crate::task::Task;
pub(crate) use bytes::AlignedBytes;
use bytes::Storage;
use head::Beside;
pub use head::HeadFile;
#[cfg(feature = "std")]
pub(crate) use pages::Pages;
pub(crate) use served::entailment;

type CoreModel<'a> = albert_core::Model<'a>;

self_cell!(
    struct Checked {
        owner: Storage,
        #[covariant]
        dependent: CoreModel,
    }
);

/// A model file in memory, checked once and used in place.
///
/// Cloning copies pointers; clones share the memory and may be used on any thread.
#[derive(Clone)]
pub struct Model {
    file: Arc<Checked>,
    /// A head file in place of the file's own head.
    head: Option<Arc<Beside>>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("config", self.config()).finish_non_exhaustive()
    }
}

impl Model {
    /// The model in bytes that live as long as the program (`include_bytes!`, flash). They are used in place when they start
    /// at a multiple of 64, as those of [`include_model!`](albert_core::include_model) do, and copied otherwise.
    ///
    /// # Errors
    /// [`Error::Format`]; [`Error::OutOfMemory`] when there is no memory for a copy.
    pub fn from_static(bytes: &'static [u8]) -> Result<Self> {
        Self::check(Storage::of_static(bytes)?)
    }

    /// The model in a copy of bytes.
    ///
    /// # Errors
    /// As [`Model::from_static`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::check(Storage::copy(bytes)?)
    }

    /// The model in a vector. It is used in place if it starts at a multiple of 64, and copied otherwise.
    ///
    /// # Errors
    /// As [`Model::from_static`].
    pub fn from_vec(bytes: Vec<u8>) -> Result<Self> {
        Self::check(Storage::of_vec(bytes)?)
    }

    /// The model in memory that `owner` keeps: a mapped file, an asset of a package, a buffer of another language. It is used in place
    /// if it starts at a multiple of 64, and copied otherwise.
    ///
    /// # Errors
    /// As [`Model::from_static`].
    pub fn from_owner(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self> {
        Self::check(Storage::of_owner(Box::new(owner))?)
    }

    fn check(storage: Storage) -> Result<Self> {
        let checked = Checked::try_new(storage, |storage| CoreModel::from_bytes(storage.bytes()));
        checked.map(|checked| Self { file: Arc::new(checked), head: None }).map_err(Error::Format)
    }

    /// The encoder with another classifier. The result shares this model's memory; labels, tasks and scores are those of the head file.
    ///
    /// # Errors
    /// [`Error::OtherEncoder`] if the head was made for another encoder.
    pub fn with_head(&self, head: &HeadFile) -> Result<Self> {
        let head = Beside::new(self.as_core(), head).ok_or(Error::OtherEncoder)?;
        Ok(Self { file: self.file.clone(), head: Some(Arc::new(head)) })
    }

    /// The head file in use.
    pub fn head(&self) -> Option<&HeadFile> {
        self.head.as_ref().map(|beside| &beside.file)
    }

    /// The model as a type of `albert-core`, without the head file.
    pub fn as_core(&self) -> &albert_core::Model<'_> {
        self.file.borrow_dependent()
    }

    /// The bytes of the model file.
    pub fn bytes(&self) -> &[u8] {
        self.file.borrow_owner().bytes()
    }

    /// Geometry of the network, and the head in use.
    pub fn config(&self) -> &Config {
        self.head.as_ref().map_or(self.as_core().config(), |beside| &beside.config)
    }

    /// The tokenizer, when the file has one.
    pub fn tokenizer(&self) -> Option<Tokenizer<'_>> {
        self.as_core().tokenizer()
    }

    /// Name of label `index`: the file's, or as the Hugging Face config would call it, `LABEL_0`.
    pub fn label(&self, index: usize) -> String {
        let name = match self.head() {
            Some(head) => head.as_core().label(index),
            None => self.as_core().label(index),
        };
        name.map_or_else(|| format!("LABEL_{index}"), ToString::to_string)
    }

    /// Names of all labels.
    pub fn labels(&self) -> Vec<String> {
        (0..self.config().num_labels as usize).map(|index| self.label(index)).collect()
    }

    /// Longest input in tokens, special tokens included: the model's positions, or less if its tokenizer says so.
    pub fn max_tokens(&self) -> usize {
        let positions = self.config().max_position_embeddings;
        let by_tokenizer = self.tokenizer().and_then(|tokenizer| tokenizer.model_max_length());
        by_tokenizer.map_or(positions, |limit| limit.min(positions)) as usize
    }

    /// The tasks that the model can do; the first is the one that its head is made for.
    pub fn tasks(&self) -> Vec<Task> {
        let own = Task::of_head(self.config().head);
        let others = Task::ALL.iter().copied().filter(|&task| task != own && task.fits(self));
        core::iter::once(own).chain(others).collect()
    }

    /// Compares the model file's checksum with its bytes; reads every byte. [`HeadFile::verify_checksum`] does it for a head file.
    ///
    /// # Errors
    /// [`Error::Checksum`].
    pub fn verify_checksum(&self) -> Result<()> {
        checksum::verify(self.bytes()).map_err(Error::Checksum)
    }
}
