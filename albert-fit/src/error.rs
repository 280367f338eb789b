//! What can go wrong.

use std::path::PathBuf;

/// Why there is no classifier.
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
    /// A row is wrong.
    #[error("{}, line {line}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: RowProblem,
    },
    /// Rows in JSON are none.
    #[error("the rows are no array of JSON: {0}")]
    Rows(String),
    /// A row in JSON is wrong.
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
    /// There is nothing to choose from.
    #[error("{found} different labels in the rows; a classifier needs two")]
    Labels {
        /// Labels found.
        found: usize,
    },
    /// Rows have several labels or none, and one was asked for.
    #[error("row {row} has {found} labels; rows of a classifier with one label have one each")]
    OneLabel {
        /// The row, counted from 1.
        row: usize,
        /// Labels that it has.
        found: usize,
    },
    /// Too few examples to hold any out.
    #[error("no label has two examples or more: two are needed to hold one out, ten to learn something")]
    TooFew,
    /// The out-of-scope label is no label of a row.
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
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The encoder's file is none.
    #[error(transparent)]
    Format(albert_core::FormatError),
    /// The encoder has no pooler.
    #[error("the encoder has no pooler; choose another pooling")]
    NoPooler,
    /// A head file or model cannot be written.
    #[error(transparent)]
    Attach(#[from] albert_quant::AttachError),
    /// The caller wanted no more.
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
    /// The text needs too much memory.
    #[error("the text is too long")]
    TooLong,
    /// There is no session.
    #[error(transparent)]
    Session(albert_core::SessionError),
    /// The ids cannot be run.
    #[error(transparent)]
    Input(albert_core::InputError),
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// It is not UTF-8.
    #[error("no UTF-8")]
    Utf8,
    /// It is not JSON.
    #[error("no JSON: {0}")]
    Json(String),
    /// It is JSON of another kind.
    #[error("a row is a JSON object")]
    NotAnObject,
    /// It is not a row of a table.
    #[error("{0}")]
    Csv(String),
    /// A field is missing.
    #[error("{0:?} is missing")]
    Missing(String),
    /// A field is not text.
    #[error("{0:?} is no text")]
    NotText(String),
}
