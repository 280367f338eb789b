//! Files mapped into memory.

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use crate::error::Error;

/// The bytes of a file, read on demand.
pub(crate) struct MappedFile(Mmap);

impl MappedFile {
    #[allow(unsafe_code)]
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let error = |source| Error::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(error)?;
        // SAFETY: the mapping is read-only and every byte pattern is a valid u8. Readers keep no assumption about the
        // bytes across two reads of the same place, so that a file changed by another process yields other weights or
        // an error at worst.
        unsafe { Mmap::map(&file) }.map(Self).map_err(error)
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
