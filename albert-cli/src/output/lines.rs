//! A file of lines that grows while a batch runs and that a later run can resume.
//!
//! Results come in the order of the rows, each line says which row it belongs to, and a row's lines are written at once. A batch
//! that is killed leaves whole rows, then at most a part of one.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::place;
use crate::error::{At, Error, Result};

/// The file, ready for the next row.
#[derive(Debug)]
pub(crate) struct LineFile {
    name: PathBuf,
    file: File,
}

/// What an earlier run has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Rows that need not be done again.
    pub(crate) rows: usize,
    /// Whether one of them was bad.
    pub(crate) bad: bool,
}

/// What every line says.
#[derive(Deserialize)]
struct Mark {
    row: usize,
    error: Option<String>,
}

impl LineFile {
    /// A new file; one that is there stays as it is.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let opened = OpenOptions::new().write(true).create_new(true).open(path);
        let file = opened.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::new(format_args!(
                "{} already exists; continue it with --resume, or give another name",
                path.display()
            )),
            _ => Error::new(format_args!("cannot write {}: {error}", path.display())),
        })?;
        Ok(Self { name: path.to_owned(), file })
    }

    /// The file of an earlier run, cut after its last row that is surely whole; a new one when there is none.
    pub(crate) fn resume(path: &Path, inputs: &[&Path]) -> Result<(Self, Done)> {
        if !path.exists() {
            return Ok((Self::create(path)?, Done::default()));
        }
        let shown = path.display();
        if let Some(input) = inputs.iter().find(|input| place::is_same(path, input)) {
            return Err(Error::new(format_args!("{shown} is {}, which is read; give another file", input.display())));
        }
        let mut file = OpenOptions::new().read(true).write(true).open(path).at(format_args!("cannot write {shown}"))?;
        if !file.metadata().at(format_args!("cannot read {shown}"))?.is_file() {
            return Err(Error::new(format_args!("{shown} is no regular file; --resume cannot read what is in it")));
        }
        let (bytes, done) = whole(&mut BufReader::new(&file)).at(&shown)?;
        file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0))).at(format_args!("cannot write {shown}"))?;
        Ok((Self { name: path.to_owned(), file }, done))
    }

    /// Adds the lines of a row.
    pub(crate) fn add(&mut self, lines: &str) -> Result<()> {
        self.file.write_all(lines.as_bytes()).at(format_args!("cannot write {}", self.name.display()))
    }
}

/// Length of the whole rows, and how many they are. The last row may lack lines, so it does not count.
fn whole(reader: &mut impl BufRead) -> Result<(u64, Done)> {
    let (mut bytes, mut last_row, mut start_of_last) = (0, 0, 0);
    let mut bad = None;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).at("cannot be read")? as u64;
        if read == 0 || line.last() != Some(&b'\n') {
            break;
        }
        let mark: Mark =
            serde_json::from_slice(&line).ok().filter(|mark: &Mark| mark.row >= last_row.max(1)).ok_or_else(|| {
                Error::new(format_args!("line {number} is no result of this command; nothing was changed"))
            })?;
        if mark.row > last_row {
            (last_row, start_of_last) = (mark.row, bytes);
        }
        if mark.error.is_some() && bad.is_none() {
            bad = Some(mark.row);
        }
        bytes += read;
    }
    let rows = last_row.saturating_sub(1);
    Ok((start_of_last, Done { rows, bad: bad.is_some_and(|row| row <= rows) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(u64, usize, bool)> {
        whole(&mut text.as_bytes()).ok().map(|(bytes, done)| (bytes, done.rows, done.bad))
    }

    #[test]
    fn the_last_row_is_done_again() {
        assert_eq!(of(""), Some((0, 0, false)));
        assert_eq!(of("{\"row\":1}"), Some((0, 0, false)));
        assert_eq!(of("{\"row\":1}\n"), Some((0, 0, false)));
        assert_eq!(of("{\"row\":1}\n{\"row\":2}\n"), Some((10, 1, false)));
        // Row 4 has two lines, and rows without results have none.
        assert_eq!(of("{\"row\":1}\n{\"row\":4}\n{\"row\":4}\n{\"ro"), Some((10, 3, false)));
        assert_eq!(of("{\"row\":1,\"error\":\"x\"}\n{\"row\":2}\n"), Some((22, 1, true)));
        assert_eq!(of("{\"row\":1}\n{\"row\":2,\"error\":\"x\"}\n"), Some((10, 1, false)));
    }

    #[test]
    fn other_files_are_refused() {
        for text in ["a text\n", "{\"row\":2}\n{\"row\":1}\n", "{\"row\":0}\n", "{}\n", "\n"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
