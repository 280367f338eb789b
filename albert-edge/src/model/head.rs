//! Head files: a classifier beside the encoder that it was fitted on.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use albert_core::Config;
use albert_core::config::{Classifier, Head, Pooling};
use self_cell::self_cell;

use super::bytes::Storage;
use super::checksum;
use crate::error::{Error, Result};

type CoreHead<'a> = albert_core::HeadFile<'a>;

self_cell!(
    struct Checked {
        owner: Storage,
        #[covariant]
        dependent: CoreHead,
    }
);

/// A head file in memory, checked once: a classifier without its encoder, as `albert fit --head-only` writes it.
/// [`Model::with_head`](super::Model::with_head) combines it with the encoder.
///
/// Cloning copies a pointer; clones share the memory and may be used on any thread.
#[derive(Clone)]
pub struct HeadFile(Arc<Checked>);

impl fmt::Debug for HeadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadFile").field("classifier", &self.classifier()).finish_non_exhaustive()
    }
}

impl HeadFile {
    /// The head in bytes that live as long as the program; used in place when they start at a multiple of 64, copied otherwise.
    ///
    /// # Errors
    /// [`Error::HeadFormat`]; [`Error::OutOfMemory`] when there is no memory for a copy.
    pub fn from_static(bytes: &'static [u8]) -> Result<Self> {
        Self::check(Storage::of_static(bytes)?)
    }

    /// The head in a copy of bytes.
    ///
    /// # Errors
    /// As [`HeadFile::from_static`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::check(Storage::copy(bytes)?)
    }

    /// The head in a vector: used in place when it happens to start at a multiple of 64, copied otherwise.
    ///
    /// # Errors
    /// As [`HeadFile::from_static`].
    pub fn from_vec(bytes: Vec<u8>) -> Result<Self> {
        Self::check(Storage::of_vec(bytes)?)
    }

    /// The head in memory that `owner` keeps; used in place when it starts at a multiple of 64, copied otherwise.
    ///
    /// # Errors
    /// As [`HeadFile::from_static`].
    pub fn from_owner(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self> {
        Self::check(Storage::of_owner(Box::new(owner))?)
    }

    pub(super) fn check(storage: Storage) -> Result<Self> {
        let checked = Checked::try_new(storage, |storage| CoreHead::from_bytes(storage.bytes()));
        checked.map(|checked| Self(Arc::new(checked))).map_err(Error::HeadFormat)
    }

    /// The head file as a type of `albert-core`.
    pub fn as_core(&self) -> &albert_core::HeadFile<'_> {
        self.0.borrow_dependent()
    }

    /// The bytes of the head file.
    pub fn bytes(&self) -> &[u8] {
        self.0.borrow_owner().bytes()
    }

    /// What the classifier reads, and how its logits become scores.
    pub fn classifier(&self) -> Classifier {
        self.as_core().classifier()
    }

    /// Compares the file's checksum with its bytes; reads every byte.
    ///
    /// # Errors
    /// [`Error::Checksum`].
    pub fn verify_checksum(&self) -> Result<()> {
        checksum::verify(self.bytes()).map_err(Error::Checksum)
    }
}

/// A head file, and the configuration of its encoder with it.
pub(super) struct Beside {
    pub(super) file: HeadFile,
    pub(super) config: Config,
}

impl Beside {
    /// `None` for a head of another encoder.
    pub(super) fn new(encoder: &albert_core::Model<'_>, file: &HeadFile) -> Option<Self> {
        let (head, classifier, config) = (file.as_core(), file.classifier(), encoder.config());
        let fits = head.encoder_hash() == encoder.encoder_hash()
            && head.width() == config.hidden_size as usize
            && (classifier.pooling != Pooling::Pooler || config.pooler);
        let config = Config {
            head: Head::SequenceClassification,
            num_labels: classifier.num_labels,
            problem_type: classifier.problem_type,
            pooling: classifier.pooling,
            ..*config
        };
        fits.then(|| Self { file: file.clone(), config })
    }
}
