//! What can go wrong.

use std::path::PathBuf;

/// Why a classifier cannot be made. The messages are written for users.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of rows cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A row of a file is wrong.
    #[error("{}, line {line}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: RowProblem,
    },
    /// The text given to [`read_json`](crate::read_json) is not an array in JSON.
    #[error("the rows are no array of JSON: {0}")]
    Rows(String),
    /// A row given to [`read_json`](crate::read_json) is wrong.
    #[error("row {row}: {problem}")]
    JsonRow {
        /// The row, counted from 1.
        row: usize,
        /// What is wrong with it.
        problem: RowProblem,
    },
    /// An option has an impossible value.
    #[error("{option}: expected {expected}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// The rows have fewer than two different labels.
    #[error("{found} different labels in the rows; a classifier needs two")]
    Labels {
        /// Different labels.
        found: usize,
    },
    /// A row has several labels or none, although [`Options::multi_label`](crate::Options::multi_label) is `Some(false)`.
    #[error("row {row} has {found} labels; rows of a classifier with one label have one each")]
    OneLabel {
        /// The row, counted from 1.
        row: usize,
        /// Labels that it has.
        found: usize,
    },
    /// No label has two examples, so none can be held out.
    #[error("no label has two examples or more: two are needed to hold one out, ten to learn something")]
    TooFew,
    /// No row has the label of [`Options::out_of_scope`](crate::Options::out_of_scope).
    #[error("no row has the out-of-scope label {0:?}")]
    OutOfScope(String),
    /// A row cannot be run through the encoder.
    #[error("row {row}: {source}")]
    Encoder {
        /// The row, counted from 1.
        row: usize,
        /// Why.
        source: InferenceError,
    },
    /// The system does not start threads.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The encoder without its head is no valid model file.
    #[error(transparent)]
    Format(albert_core::FormatError),
    /// The encoder has no pooler, which [`Options::pooling`](crate::Options::pooling) asks for.
    #[error("the encoder has no pooler; choose another pooling")]
    NoPooler,
    /// A head does not belong to the encoder, or cannot be written.
    #[error(transparent)]
    Attach(#[from] albert_quant::AttachError),
    /// [`Options::progress`](crate::Options::progress) asked to stop.
    #[error("stopped")]
    Stopped,
}

/// Why a row cannot be run through an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// The encoder's file has no tokenizer.
    #[error("the encoder's file has no tokenizer")]
    NoTokenizer,
    /// The text cannot be tokenized.
    #[error(transparent)]
    Encode(albert_core::tokenizer::EncodeError),
    /// The tokenizer needs more memory for the text than it gets here, 256 MB.
    #[error("the text is too long")]
    TooLong,
    /// The encoder cannot run inputs of this length.
    #[error(transparent)]
    Session(albert_core::SessionError),
    /// The encoder refuses the ids.
    #[error(transparent)]
    Input(albert_core::InputError),
}

/// What is wrong with a row of examples.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// The row is not UTF-8.
    #[error("no UTF-8")]
    Utf8,
    /// The row is not JSON; the text is the parser's message.
    #[error("no JSON: {0}")]
    Json(String),
    /// The row is JSON, but no object.
    #[error("a row is a JSON object")]
    NotAnObject,
    /// The row is not one of a table with this header; the text is the parser's message.
    #[error("{0}")]
    Csv(String),
    /// This field is missing.
    #[error("{0:?} is missing")]
    Missing(String),
    /// This field is not a text.
    #[error("{0:?} is no text")]
    NotText(String),
}
