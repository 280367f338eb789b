//! How commands end.

use std::fmt::{self, Display, Write};
use std::io;

/// How a command that ran to its end came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well: exit code 0.
    Passed,
    /// A bound was missed: exit code 1.
    Missed,
    /// Some rows were bad and the rest were done: exit code 2.
    BadRows,
}

impl Outcome {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Missed => 1,
            Self::BadRows => 2,
        }
    }
}

/// Why a command or a row cannot be done.
#[derive(Debug)]
pub(crate) enum Error {
    /// One line: what is wrong, where, and what to do.
    Message(String),
    /// Whoever read standard output has stopped reading: nothing is wrong, there is only nobody to write for.
    OutputClosed,
}

/// Result of everything that can fail here.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(message: impl Display) -> Self {
        Self::Message(message.to_string())
    }

    /// A failure to write to standard output.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::new(format_args!("cannot write to standard output: {error}")),
        }
    }

    /// Writes the line to standard error; returns the exit code.
    pub(crate) fn report(&self) -> u8 {
        match self {
            Self::Message(_) => {
                eprintln!("error: {self}");
                2
            }
            Self::OutputClosed => 0,
        }
    }
}

/// Writes a line that is no error to standard error.
pub(crate) fn warn(message: impl Display) {
    eprintln!("warning: {}", Error::new(message));
}

impl Display for Error {
    /// On one line, whatever a path or a text holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => Escape::all(f).write_str(message),
            Self::OutputClosed => f.write_str("standard output is closed"),
        }
    }
}

/// Writes text with its control characters escaped, so that it can neither break a line nor command a terminal.
pub(crate) struct Escape<'a, 'f> {
    output: &'a mut fmt::Formatter<'f>,
    /// Tabs and ends of lines stay.
    lines: bool,
}

impl<'a, 'f> Escape<'a, 'f> {
    pub(crate) fn all(output: &'a mut fmt::Formatter<'f>) -> Self {
        Self { output, lines: false }
    }

    pub(crate) fn but_lines(output: &'a mut fmt::Formatter<'f>) -> Self {
        Self { output, lines: true }
    }
}

impl Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| {
            let stays = is_harmless(c) || (self.lines && matches!(c, '\t' | '\n'));
            if stays { self.output.write_char(c) } else { write!(self.output, "{}", c.escape_default()) }
        })
    }
}

/// Neither a control character nor one that changes the direction of what follows.
fn is_harmless(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Says where an error happened.
pub(crate) trait At<T> {
    /// Puts `place: ` before the message.
    fn at(self, place: impl Display) -> Result<T>;
}

impl<T, E: Display> At<T> for std::result::Result<T, E> {
    fn at(self, place: impl Display) -> Result<T> {
        self.map_err(|error| Error::new(format_args!("{place}: {error}")))
    }
}
