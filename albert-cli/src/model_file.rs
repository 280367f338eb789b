//! A model file, mapped and used in place.

use std::fs::File;
use std::path::Path;

use albert_core::format::layout::role;
use albert_core::format::{Elements, Weights, verify_checksum};
use albert_core::{FormatError, Model};
use memmap2::Mmap;

use crate::error::{At, Error, Result};

/// The mapped bytes of a file.
#[derive(Debug)]
pub(crate) struct ModelFile<'p> {
    path: &'p Path,
    map: Mmap,
}

impl<'p> ModelFile<'p> {
    /// Maps a file. Nothing of it is read yet.
    pub(crate) fn open(path: &'p Path) -> Result<Self> {
        Ok(Self { path, map: map(path, "albert quantize makes a model file from a checkpoint")? })
    }

    /// Checks the file's structure, in time proportional to the number of tensors.
    pub(crate) fn model(&self) -> Result<Model<'_>> {
        let model = Model::from_bytes(&self.map).map_err(|error| explain(&error)).at(self.path.display())?;
        if !model.config().head.is_masked_lm() {
            self.expect_lookups(&model);
        }
        Ok(model)
    }

    /// Rows of the word embeddings are read here and there: what lies around them need not come into memory with them.
    fn expect_lookups(&self, model: &Model<'_>) {
        let Some(record) = model.tensors().find(|record| record.role == role::WORD_EMBEDDINGS) else { return };
        let Elements::Matrix(table) = model.elements(&record) else { return };
        let (start, bytes) = match table.weights {
            Weights::F32(values) => (values.as_ptr().addr(), size_of_val(values)),
            Weights::F16(values) => (values.as_ptr().addr(), size_of_val(values)),
            Weights::I8 { values, .. } => (values.as_ptr().addr(), size_of_val(values)),
            Weights::Codebook { panels, .. } => (panels.as_ptr().addr(), size_of_val(panels)),
        };
        // A hint: a system that does not take it brings in more.
        #[cfg(unix)]
        let _ = self.map.advise_range(memmap2::Advice::Random, start - self.map.as_ptr().addr(), bytes);
    }

    /// As [`Self::model`], and compares the checksum: every byte is read.
    pub(crate) fn verified_model(&self) -> Result<Model<'_>> {
        let model = self.model()?;
        match verify_checksum(&self.map) {
            Ok(()) => Ok(model),
            Err(error) => Err(Error::new(format_args!(
                "{}: checksum {:08x} instead of {:08x}: the file is damaged; make or copy it again",
                self.path.display(),
                error.computed,
                error.stated
            ))),
        }
    }
}

/// Maps a file that is not empty; `hint` is what to do about a directory.
pub(crate) fn map(path: &Path, hint: &str) -> Result<Mmap> {
    let file = File::open(path).at(format_args!("cannot open {}", path.display()))?;
    let metadata = file.metadata().at(format_args!("cannot read {}", path.display()))?;
    if metadata.is_dir() {
        return Err(Error::new(format_args!("{} is a directory; {hint}", path.display())));
    }
    if metadata.len() == 0 {
        return Err(Error::new(format_args!("{} is empty", path.display())));
    }
    // SAFETY: the map is only read. A file that another process changes or cuts meanwhile is beyond what a map can guard
    // against; the readers of these bytes check every offset when they use it or hold it to have been checked in the same
    // bytes, so changed values give wrong numbers, and a cut file a bus error.
    #[allow(unsafe_code)]
    let map = unsafe { Mmap::map(&file) };
    map.at(format_args!("cannot read {}", path.display()))
}

/// What is wrong with a model file, in words.
fn explain(error: &FormatError) -> String {
    match error {
        FormatError::Magic => "no ALBERT model file; albert quantize makes one from a checkpoint".to_owned(),
        FormatError::Version(version) => format!("format version {version} is not one that this program reads"),
        FormatError::Truncated { needed } => {
            format!("the file is cut short: {needed} bytes or more are needed; make or copy it again")
        }
        FormatError::FileBytes { stated, actual } => {
            format!("the file has {actual} bytes instead of {stated}; make or copy it again")
        }
        FormatError::UnknownSection(_) => "the file needs a newer version of this program".to_owned(),
        error => format!("the file is damaged ({error}); make or copy it again"),
    }
}
