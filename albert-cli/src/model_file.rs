//! A model file, mapped and used in place.

use std::fs::File;
use std::path::Path;

use albert_core::format::layout::VERSION;
use albert_core::format::layout::role;
use albert_core::format::{Elements, Weights, verify_checksum};
use albert_core::{FormatError, Model, Observer};
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
        Model::from_bytes(&self.map).map_err(|error| explain(&error)).at(self.path.display())
    }

    /// Holds as little of the file in memory as one inference needs: as an observer of it, gives pages back that are not read again.
    pub(crate) fn for_one_inference(&self, model: &Model<'_>) -> &Self {
        #[cfg(unix)]
        if let Some((start, bytes)) = word_embeddings(model) {
            // A stretch of its own: a touch next to it brings in nothing of it, nor the other way round, however large pages are.
            let _ = self.map.advise_range(memmap2::Advice::Random, start - self.map.as_ptr().addr(), bytes);
        }
        self
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

/// Address and bytes of the word embeddings.
#[cfg(unix)]
fn word_embeddings(model: &Model<'_>) -> Option<(usize, usize)> {
    let record = model.tensors().find(|record| record.role == role::WORD_EMBEDDINGS)?;
    let Elements::Matrix(table) = model.elements(&record) else { return None };
    Some(match table.weights {
        Weights::F32(values) => (values.as_ptr().addr(), size_of_val(values)),
        Weights::F16(values) => (values.as_ptr().addr(), size_of_val(values)),
        Weights::I8 { values, .. } => (values.as_ptr().addr(), size_of_val(values)),
        Weights::Codebook { panels, .. } => (panels.as_ptr().addr(), size_of_val(panels)),
    })
}

/// Gives the pages back that an inference has read when the embeddings are computed: word embeddings, each row with 64 KB around
/// it, and the tokenizer. Those of the layers come only then, so the most memory that is resident at a time is that much less.
/// The next inference maps its pages again.
impl Observer for ModelFile<'_> {
    fn linear_input(&self, _: u16, _: usize, _: &[f32]) {}

    fn hidden_states(&self, layers: usize, _: &[f32]) {
        #[cfg(unix)]
        if layers == 0 {
            // SAFETY: the map is shared with the file and only read: what is read again is what was there.
            #[allow(unsafe_code)]
            let _ = unsafe { self.map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
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
        FormatError::Version(version) if *version < VERSION => format!(
            "the file has format version {version}, this program reads version {VERSION}; make it anew with albert quantize"
        ),
        FormatError::Version(version) => {
            format!(
                "the file has format version {version}, this program reads version {VERSION}; it needs a newer program"
            )
        }
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
