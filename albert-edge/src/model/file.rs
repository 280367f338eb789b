//! Files by memory map.

use std::fs::{self, File};
use std::path::Path;

use memmap2::Mmap;

use super::{HeadFile, Model, Storage};
use crate::error::{Error, Result};

impl Model {
    /// Maps a model file and checks its structure, in time proportional to the number of tensors. The checksum is not
    /// compared; see [`Model::verify_checksum`].
    ///
    /// The file must not change while the model is in use. A program that writes to it changes results; one that truncates it ends
    /// this program with a bus error. Replacing the file by renaming a new one is safe.
    ///
    /// # Errors
    /// [`Error::Open`] when it cannot be opened or mapped, [`Error::NotAFile`] for a directory, pipe or device,
    /// [`Error::EmptyFile`], [`Error::Format`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::check(Storage::map(path.as_ref())?)
    }
}

impl HeadFile {
    /// Maps a head file and checks it. As for [`Model::open`], the file must not change while it is in use.
    ///
    /// # Errors
    /// As [`Model::open`], with [`Error::HeadFormat`] in place of [`Error::Format`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::check(Storage::map(path.as_ref())?)
    }
}

impl Storage {
    fn map(path: &Path) -> Result<Self> {
        let failed = |source| Error::Open { path: path.into(), source };
        // Before it is opened: opening a pipe waits for somebody to write.
        let metadata = fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { path: path.into(), directory: metadata.is_dir() });
        }
        if metadata.len() == 0 {
            return Err(Error::EmptyFile { path: path.into() });
        }
        let file = File::open(path).map_err(failed)?;
        // SAFETY: the map is only read. A file that another process changes or cuts meanwhile is beyond what a map can guard
        // against; the readers of these bytes check every offset when they use it or hold it to have been checked in the
        // same bytes, so changed values give wrong numbers, and a cut file a bus error.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        Ok(Self::Map(map))
    }
}
