//! Rows: what `run`, `tokenize` and `eval` take in, from arguments, files or standard input.

mod columns;
mod row;
mod table;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::path::Path;

use crate::args::{Columns, RowDefaults, Source};
use crate::error::{At, Error, Result};

pub(crate) use row::Row;
use table::Table;

/// Most bytes of a line.
const LONGEST_LINE: u64 = 16 << 20;

/// What some editors put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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
    columns: Columns,
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
        form: Form,
    },
    Table(Box<Table>),
    Ended,
}

/// What a line may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    /// A JSON object where it begins with `{`, and otherwise a text.
    TextOrJson,
    /// A JSON object.
    Json,
}

impl Rows {
    /// The rows that the command line names.
    pub(crate) fn open(source: &Source, defaults: RowDefaults, columns: &Columns) -> Result<Self> {
        let (lines, name) = match &source.file {
            Some(path) if path == Path::new("-") => {
                (standard_input(Form::TextOrJson), "standard input, line".to_owned())
            }
            Some(path) => return Ok(Self { defaults, ..Self::of_file(path, columns)? }),
            None if !source.texts.is_empty() => (Lines::Arguments(source.texts.clone().into_iter()), "text".to_owned()),
            None if defaults.context.is_some() => (Lines::Single(true), "row".to_owned()),
            None => (standard_input(Form::Text), "standard input, line".to_owned()),
        };
        Ok(Self::new(lines, name, defaults, columns, None))
    }

    fn new(lines: Lines, name: String, defaults: RowDefaults, columns: &Columns, file_bytes: Option<u64>) -> Self {
        Self { lines, name, defaults, columns: columns.clone(), number: 0, ahead: VecDeque::new(), file_bytes }
    }

    /// The rows of a file.
    pub(crate) fn of_file(path: &Path, columns: &Columns) -> Result<Self> {
        let (lines, file_bytes) = file(path)?;
        let unit = if matches!(lines, Lines::Table(_)) { "row" } else { "line" };
        Ok(Self::new(lines, format!("{}, {unit}", path.display()), RowDefaults::default(), columns, file_bytes))
    }

    /// Reads a file that will be read later, and finds what is wrong with it now.
    pub(crate) fn check_file(path: &Path, columns: &Columns) -> Result<()> {
        if !fs::metadata(path).at(format_args!("cannot open {}", path.display()))?.is_file() {
            return Err(Error::new(format_args!("{} is no regular file; it is read more than once", path.display())));
        }
        let rows = Self::of_file(path, columns)?;
        let place = rows.place().to_owned();
        let mut count = 0;
        for Numbered { number, row, .. } in rows {
            row.at(format_args!("{place} {number}"))?;
            count += 1;
        }
        if count == 0 { Err(Error::new(format_args!("{} has no rows", path.display()))) } else { Ok(()) }
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
            Lines::Reader { .. } | Lines::Table(_) | Lines::Ended => None,
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

    /// Passes over rows; returns how many there were.
    pub(crate) fn skip_rows(&mut self, rows: usize) -> usize {
        (0..rows).take_while(|_| self.next().is_some()).count()
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
            Lines::Arguments(texts) => texts.next().map(|text| Ok(Row::text(text))),
            Lines::Table(table) => {
                let fields = table.next(bytes)?;
                Some(fields.and_then(|fields| Row::of_fields(fields, &self.columns)))
            }
            Lines::Reader { reader, form } => {
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
                let line = line.strip_prefix(mark).unwrap_or(&line);
                if *form != Form::Text && self.number == 0 && begins_array(line) {
                    self.lines = Lines::Ended;
                    return Some(Err(Error::new("a JSON array; give one row a line, as jq -c '.[]' writes them")));
                }
                Some(parse(line, *form, &self.columns))
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

fn standard_input(form: Form) -> Lines {
    Lines::Reader { reader: Box::new(BufReader::new(stdin())), form }
}

/// The lines of a file, and its length when it is no pipe.
fn file(path: &Path) -> Result<(Lines, Option<u64>)> {
    let file = File::open(path).at(format_args!("cannot open {}", path.display()))?;
    let metadata = file.metadata().at(format_args!("cannot read {}", path.display()))?;
    if metadata.is_dir() {
        return Err(Error::new(format_args!("{} is a directory; give a file of JSON lines or texts", path.display())));
    }
    if let Some(delimiter) = table::delimiter(path) {
        let table = Table::new(file, delimiter).at(path.display())?;
        return Ok((Lines::Table(Box::new(table)), metadata.is_file().then_some(metadata.len())));
    }
    let reader = Box::new(BufReader::with_capacity(1 << 16, file));
    Ok((Lines::Reader { reader, form: form_of(path) }, metadata.is_file().then_some(metadata.len())))
}

/// What the lines of a file are, by its name.
fn form_of(path: &Path) -> Form {
    let named = |name: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(name));
    if named("jsonl") || named("ndjson") { Form::Json } else { Form::TextOrJson }
}

/// Whether a first line begins an array of objects or strings. A text may begin with a bracket, too: `[MASK] runs`.
fn begins_array(line: &[u8]) -> bool {
    let Some(rest) = line.trim_ascii_start().strip_prefix(b"[") else { return false };
    matches!(rest.trim_ascii_start().first(), None | Some(b'{' | b'"'))
}

fn parse(line: &[u8], form: Form, columns: &Columns) -> Result<Row> {
    let text = std::str::from_utf8(line).map_err(|_| Error::new("not UTF-8"))?;
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if form == Form::Json || form == Form::TextOrJson && text.trim_start().starts_with('{') {
        let fields =
            serde_json::from_str(text).map_err(|error| Error::new(format_args!("not a row in JSON: {error}")))?;
        return Row::of_fields(fields, columns);
    }
    match &columns.texts.text_column {
        Some(name) if form == Form::TextOrJson => {
            Err(Error::new(format_args!("no JSON object, so there is no {name:?}")))
        }
        _ => Ok(Row::text(text)),
    }
}
