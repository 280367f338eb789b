//! Rows: what `run`, `tokenize` and `eval` take in, from arguments, files or standard input.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::path::Path;

use serde::Deserialize;

use crate::args::{RowDefaults, Source};
use crate::error::{At, Error, Result};

/// Most bytes of a line.
const LONGEST_LINE: u64 = 16 << 20;

/// What some editors put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One input. In a file, a line that starts with `{` is a row in JSON; every other line is a text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Row {
    pub(crate) text: Option<String>,
    #[serde(alias = "text_pair")]
    pub(crate) pair: Option<String>,
    pub(crate) question: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) choices: Vec<String>,
    /// Fill-mask: tokens to choose from.
    pub(crate) targets: Vec<String>,
    /// Zero-shot classification: labels to choose from.
    pub(crate) candidate_labels: Vec<String>,
    /// Tokens instead of a text.
    pub(crate) input_ids: Vec<u32>,
    pub(crate) token_type_ids: Vec<u32>,
    /// `tokenize`: as `--max-tokens`.
    pub(crate) max_length: Option<usize>,
    /// `tokenize`: as `--truncation`.
    pub(crate) truncation: Option<String>,
    /// `eval`: name or index of the label.
    pub(crate) label: Option<Label>,
    /// `eval`: words with a tag each.
    pub(crate) words: Vec<String>,
    pub(crate) tags: Vec<String>,
}

/// A label as evaluation data gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Label {
    Index(usize),
    Name(String),
}

impl Row {
    /// The text.
    pub(crate) fn text(&self) -> Result<&str> {
        self.text.as_deref().ok_or_else(|| Error::new("the row has no \"text\""))
    }

    /// What the row does not say, from the command line.
    fn complete(mut self, defaults: &RowDefaults) -> Self {
        let or = |own: Option<String>, other: &Option<String>| own.or_else(|| other.clone());
        self.pair = or(self.pair, &defaults.text_pair);
        self.question = or(self.question, &defaults.question);
        self.context = or(self.context, &defaults.context);
        if self.choices.is_empty() {
            self.choices.clone_from(&defaults.choices);
        }
        self
    }
}

/// A row and its number, from 1.
#[derive(Debug)]
pub(crate) struct Numbered {
    pub(crate) number: usize,
    /// Bytes of its line.
    pub(crate) bytes: u64,
    pub(crate) row: Result<Row>,
}

/// A stream of rows.
pub(crate) struct Rows {
    lines: Lines,
    name: String,
    defaults: RowDefaults,
    number: usize,
    /// Rows that were read to count them.
    ahead: VecDeque<Numbered>,
    file_bytes: Option<u64>,
}

enum Lines {
    Arguments(std::vec::IntoIter<String>),
    /// A row that the options alone make.
    Single(bool),
    Reader {
        reader: Box<dyn BufRead + Send>,
        json: bool,
    },
    Ended,
}

impl Rows {
    /// The rows that the command line names.
    pub(crate) fn open(source: &Source, defaults: RowDefaults) -> Result<Self> {
        let (lines, name) = match &source.file {
            Some(path) if path == Path::new("-") => (standard_input(true), "standard input, line".to_owned()),
            Some(path) => return Self::of_file(path, defaults),
            None if !source.texts.is_empty() => (Lines::Arguments(source.texts.clone().into_iter()), "text".to_owned()),
            None if defaults.context.is_some() => (Lines::Single(true), "row".to_owned()),
            None => (standard_input(false), "standard input, line".to_owned()),
        };
        Ok(Self { lines, name, defaults, number: 0, ahead: VecDeque::new(), file_bytes: None })
    }

    /// The rows of a file.
    pub(crate) fn of_file(path: &Path, defaults: RowDefaults) -> Result<Self> {
        let (lines, file_bytes) = file(path)?;
        let name = format!("{}, line", path.display());
        Ok(Self { lines, name, defaults, number: 0, ahead: VecDeque::new(), file_bytes })
    }

    /// Where row `number` is.
    pub(crate) fn place(&self) -> &str {
        &self.name
    }

    /// Bytes to read, when they are known beforehand.
    pub(crate) fn file_bytes(&self) -> Option<u64> {
        self.file_bytes
    }

    /// The number of rows, when it is known beforehand.
    pub(crate) fn known_len(&self) -> Option<usize> {
        match &self.lines {
            Lines::Arguments(texts) => Some(texts.len()),
            Lines::Single(_) => Some(1),
            Lines::Reader { .. } | Lines::Ended => None,
        }
    }

    /// The number of rows, when there are fewer than `limit` or it is known beforehand. Of a file, that many are read; of
    /// standard input none, for more may come any time.
    pub(crate) fn fewer_than(&mut self, limit: usize) -> Option<usize> {
        while self.file_bytes.is_some() && self.ahead.len() < limit {
            match self.read() {
                Some(row) => self.ahead.push_back(row),
                None => return Some(self.ahead.len()),
            }
        }
        self.known_len()
    }

    fn read(&mut self) -> Option<Numbered> {
        let mut bytes = 0;
        let row = self.next_row(&mut bytes)?.map(|row| row.complete(&self.defaults));
        self.number += 1;
        Some(Numbered { number: self.number, bytes, row })
    }

    /// The next row; `bytes` becomes the length of its line.
    fn next_row(&mut self, bytes: &mut u64) -> Option<Result<Row>> {
        match &mut self.lines {
            Lines::Ended => None,
            Lines::Single(first) => std::mem::take(first).then(|| Ok(Row::default())),
            Lines::Arguments(texts) => texts.next().map(|text| Ok(Row { text: Some(text), ..Row::default() })),
            Lines::Reader { reader, json } => {
                let mut line = Vec::new();
                let long = match read_line(reader, &mut line) {
                    Ok(0) => return None,
                    Ok(read) => {
                        *bytes = read;
                        read > line.len() as u64
                    }
                    Err(error) => {
                        self.lines = Lines::Ended;
                        return Some(Err(Error::new(format_args!("cannot be read: {error}"))));
                    }
                };
                if long {
                    return Some(Err(Error::new("longer than 16 MiB; is this a file of texts?")));
                }
                let mark = if self.number == 0 { BYTE_ORDER_MARK } else { b"" };
                Some(parse(line.strip_prefix(mark).unwrap_or(&line), *json))
            }
        }
    }
}

impl Iterator for Rows {
    type Item = Numbered;

    fn next(&mut self) -> Option<Numbered> {
        self.ahead.pop_front().or_else(|| self.read())
    }
}

/// Reads a line, or what of it is not too long; returns how many bytes the whole line has.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    let mut bytes = Read::take(&mut *reader, LONGEST_LINE).read_until(b'\n', line)? as u64;
    while bytes >= LONGEST_LINE && line.last() != Some(&b'\n') {
        // Stepped over in pieces.
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let step = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(step);
        bytes += step as u64;
        if end.is_some() || step == 0 {
            break;
        }
    }
    Ok(bytes)
}

fn standard_input(json: bool) -> Lines {
    Lines::Reader { reader: Box::new(BufReader::new(stdin())), json }
}

/// The lines of a file, and its length when it is no pipe.
fn file(path: &Path) -> Result<(Lines, Option<u64>)> {
    let file = File::open(path).at(format_args!("cannot open {}", path.display()))?;
    let metadata = file.metadata().at(format_args!("cannot read {}", path.display()))?;
    if metadata.is_dir() {
        return Err(Error::new(format_args!("{} is a directory; give a file of JSON lines or texts", path.display())));
    }
    Ok((
        Lines::Reader { reader: Box::new(BufReader::with_capacity(1 << 16, file)), json: true },
        metadata.is_file().then_some(metadata.len()),
    ))
}

fn parse(line: &[u8], json: bool) -> Result<Row> {
    let text = std::str::from_utf8(line).map_err(|_| Error::new("not UTF-8"))?;
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if json && text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| Error::new(format_args!("not a row in JSON: {error}")));
    }
    Ok(Row { text: Some(text.to_owned()), ..Row::default() })
}
