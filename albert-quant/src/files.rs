//! Files of a checkpoint: regular ones only, read within a limit or mapped.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;

use crate::error::Error;

/// Most bytes of a configuration file.
pub(crate) const MOST_CONFIG_BYTES: u64 = 4 << 20;
/// Most bytes of an index of shards.
pub(crate) const MOST_INDEX_BYTES: u64 = 16 << 20;

/// What a Git LFS pointer starts with; it stands where the file would be.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Opens a regular file, through links. Devices and pipes are refused before they are opened: one could block, another never
/// end.
fn open(path: &Path) -> Result<File, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let regular = |metadata: std::fs::Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(Error::NotRegular { path: path.to_owned() }),
    };
    regular(std::fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    regular(file.metadata().map_err(failed)?)?;
    Ok(file)
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { path: path.to_owned(), limit });
    }
    not_a_pointer(path, &bytes)?;
    Ok(bytes)
}

/// As [`read`], and `None` when there is no such file.
pub(crate) fn read_optional(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    match read(path, limit) {
        Err(Error::Read { source, .. }) if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        read => read.map(Some),
    }
}

/// Whether a file that begins with these bytes is a Git LFS pointer, which stands where the file itself would be.
#[must_use]
pub fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(LFS_POINTER)
}

fn not_a_pointer(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    match is_lfs_pointer(bytes) {
        true => Err(Error::LfsPointer { path: path.to_owned() }),
        false => Ok(()),
    }
}

/// The bytes of a file, read on demand.
pub(crate) struct MappedFile(Mmap);

impl MappedFile {
    #[allow(unsafe_code)]
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = open(path)?;
        // SAFETY: the mapping is read-only and every byte pattern is a valid u8. Readers keep no assumption about the
        // bytes across two reads of the same place, so that a file changed by another process yields other weights or
        // an error at worst.
        let map = unsafe { Mmap::map(&file) };
        let map = map.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        not_a_pointer(path, &map)?;
        Ok(Self(map))
    }

    /// Gives back the memory that these bytes take; they are read from the file again when they are wanted. Does nothing where
    /// the system has no such call.
    #[allow(unsafe_code)]
    pub(crate) fn release(&self, range: Range<usize>) {
        #[cfg(unix)]
        if range.end <= self.0.len() && !range.is_empty() {
            // SAFETY: the mapping is of a file, and read-only: the pages that go hold nothing but what the file holds.
            // It is a hint: an error changes nothing.
            let _ = unsafe { self.0.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len()) };
        }
        #[cfg(not(unix))]
        let _ = range;
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
