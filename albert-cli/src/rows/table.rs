//! Tables: CSV, and TSV without quotes, each with a header.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::LONGEST_LINE;
use super::columns::{Fields, of_table};
use crate::error::{Error, Result};

/// A table that is read row by row.
pub(super) struct Table {
    reader: Reader<Bounded>,
    header: StringRecord,
}

/// The delimiter of a table of this name.
pub(super) fn delimiter(path: &Path) -> Option<u8> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "csv" => Some(b','),
        "tsv" => Some(b'\t'),
        _ => None,
    }
}

impl Table {
    pub(super) fn new(file: File, delimiter: u8) -> Result<Self> {
        let source = Bounded { file, left: LONGEST_LINE };
        let mut reader = ReaderBuilder::new().delimiter(delimiter).quoting(delimiter == b',').from_reader(source);
        let mut header =
            reader.headers().map_err(|error| Error::new(format_args!("the header: {}", reason(&error))))?.clone();
        header.trim();
        match header.iter().position(str::is_empty).filter(|_| header.len() > 1) {
            Some(column) => Err(Error::new(format_args!("column {} has no name in the first line", column + 1))),
            None => Ok(Self { reader, header }),
        }
    }

    /// The next row; `bytes` becomes its length.
    pub(super) fn next(&mut self, bytes: &mut u64) -> Option<Result<Fields>> {
        self.reader.get_mut().left = LONGEST_LINE;
        let start = self.reader.position().byte();
        let mut record = StringRecord::new();
        let read = self.reader.read_record(&mut record);
        *bytes = self.reader.position().byte() - start;
        match read {
            Ok(false) => None,
            Ok(true) => Some(Ok(of_table(self.header.iter().zip(&record)))),
            Err(error) => Some(Err(Error::new(reason(&error)))),
        }
    }
}

/// What is wrong with a row.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields; the first line names {expected_len}")
        }
        ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// A file that gives at most this many bytes for one row: a quote that never closes would take the whole file.
struct Bounded {
    file: File,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(buffer.len() as u64) else {
            return Err(io::Error::other("longer than 16 MiB; does a quote not end?"));
        };
        self.left = left;
        self.file.read(buffer)
    }
}
