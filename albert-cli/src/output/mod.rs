//! Files that commands write.
//!
//! A file is written under no name, or an unpredictable one in the same folder, and takes its place when it is whole and on the
//! disk: a reader sees the old file or the new one, and so does whoever looks after a crash. What is written to is settled
//! before the work: the target of a link, never the link; a device or pipe as it is; and never a file that is read.

mod lines;
mod place;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
pub(crate) use lines::{Done, LineFile};

/// A place for a file, checked and not yet written to.
#[derive(Debug)]
pub(crate) struct Output {
    /// As it was given.
    name: PathBuf,
    target: Target,
}

#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// A regular file, there or not, with no link on the way to it.
    File(PathBuf),
    /// A character device or a pipe.
    Stream,
}

impl Output {
    /// Checks that a file can be written to `path`, which none of `inputs` is.
    pub(crate) fn new(path: &Path, inputs: &[&Path]) -> Result<Self> {
        let name = path.to_owned();
        let shown = path.display();
        let Ok(metadata) = fs::metadata(path) else {
            let file = place::resolve(path).at(format_args!("cannot write {shown}"))?;
            place::probe(&file).at(format_args!("cannot write {shown}"))?;
            return Ok(Self { name, target: Target::File(file) });
        };
        if metadata.is_dir() {
            return Err(Error::new(format_args!("{shown} is a directory; give a file to write")));
        }
        if let Some(input) = inputs.iter().find(|input| place::is_same(path, input)) {
            return Err(Error::new(format_args!(
                "{shown} would be written over {}, which is read; give another file",
                input.display()
            )));
        }
        if !metadata.is_file() {
            place::check_stream(path, &metadata)?;
            return Ok(Self { name, target: Target::Stream });
        }
        if place::is_standard_output(&metadata) {
            return Err(Error::new(format_args!(
                "{shown} is standard output, where the summary goes; give the name of a file"
            )));
        }
        if metadata.permissions().readonly() {
            return Err(Error::new(format_args!("cannot write {shown}: it is write-protected")));
        }
        let file = place::resolve(path).at(format_args!("cannot write {shown}"))?;
        place::probe(&file).at(format_args!("cannot write {shown}"))?;
        Ok(Self { name, target: Target::File(file) })
    }

    /// As [`Output::new`], and checks that the file is none of a checkpoint's own in `folder`.
    pub(crate) fn beside_checkpoint(path: &Path, inputs: &[&Path], folder: &Path) -> Result<Self> {
        let output = Self::new(path, inputs)?;
        if let Target::File(file) = &output.target
            && place::lies_in(file, folder)
            && place::is_foreign(file)
        {
            return Err(Error::new(format_args!(
                "{} is a file of the checkpoint, not a model file or report; give another name",
                path.display()
            )));
        }
        Ok(output)
    }

    /// Checks that two outputs are not one.
    pub(crate) fn check_differs(&self, other: &Self) -> Result<()> {
        match (&self.target, &other.target) {
            (Target::File(a), Target::File(b)) if a == b => {
                Err(Error::new(format_args!("{} is given for two outputs", self.name.display())))
            }
            _ => Ok(()),
        }
    }

    /// Writes the file.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        let written = match &self.target {
            Target::File(file) => place::replace(file, bytes),
            Target::Stream => OpenOptions::new().write(true).open(&self.name).and_then(|file| stream(file, bytes)),
        };
        written.at(format_args!("cannot write {}", self.name.display()))
    }
}

fn stream(mut file: File, bytes: &[u8]) -> std::io::Result<()> {
    file.write_all(bytes)?;
    file.flush()
}
