//! Standard output, and text on terminals.

use std::fmt::{self, Display, Write as _};
use std::io::{BufWriter, Stdout, Write, stdout};

use serde::Serialize;

use crate::error::{Error, Escape, Result};

/// Buffered standard output.
#[derive(Debug)]
pub(crate) struct Console(BufWriter<Stdout>);

impl Console {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(stdout()))
    }

    /// Writes a text as it is: JSON, or what nobody else has a word in.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        self.0.write_all(text.as_bytes()).map_err(|error| Error::output(&error))
    }

    /// Writes a line, or several; whatever names of labels and texts hold, a terminal takes no command from it.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<()> {
        writeln!(self.0, "{}", Lines(line)).map_err(|error| Error::output(&error))
    }

    /// Writes a value as a line of JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<()> {
        self.text(&json(value))?;
        self.text("\n")
    }

    /// Hands everything on.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.0.flush().map_err(|error| Error::output(&error))
    }
}

/// A value as JSON. Numbers that are none become null.
pub(crate) fn json(value: &impl Serialize) -> String {
    // Only maps with keys that are no strings cannot be written, and there are none.
    serde_json::to_string(value).unwrap_or_default()
}

/// Lines that may have texts of a file in them.
struct Lines<T>(T);

impl<T: Display> Display for Lines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape::but_lines(f), "{}", self.0)
    }
}

/// Text from a file as part of a line: tabs and ends of lines are escaped, too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape::all(f), "{}", self.0)
    }
}
