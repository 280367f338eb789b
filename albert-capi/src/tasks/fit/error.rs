//! What fitting fails with.

use std::string::ToString;

use albert_fit::{Error, InferenceError};

use crate::status::albert_status;
use crate::tasks::error::Failure;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use albert_status as status;
        let (code, row) = match &error {
            Error::JsonRow { row, .. } | Error::OneLabel { row, .. } => (status::TaskRequest, Some(*row)),
            Error::Encoder { row, source } => (of_inference(source), Some(*row)),
            Error::Rows(_) | Error::Labels { .. } | Error::TooFew => (status::TaskRequest, None),
            Error::Option { .. } | Error::OutOfScope(_) | Error::NoPooler => (status::TaskOption, None),
            Error::Threads(_) => (status::Threads, None),
            Error::Format(error) => (crate::status::Failure::from(*error).0, None),
            Error::Stopped => (status::Cancelled, None),
            _ => (status::Internal, None),
        };
        let message = match error {
            Error::JsonRow { problem, .. } => problem.to_string(),
            Error::Encoder { source, .. } => source.to_string(),
            error => error.to_string(),
        };
        let failure = Self::new(code, message);
        // Rows are counted from 1 there.
        match row {
            Some(row) => failure.in_row(row - 1),
            None => failure,
        }
    }
}

fn of_inference(error: &InferenceError) -> albert_status {
    use crate::status::Failure;
    match *error {
        InferenceError::NoTokenizer => albert_status::TextNoTokenizer,
        InferenceError::Encode(error) => Failure::from(error).0,
        InferenceError::TooLong => albert_status::OutOfMemory,
        InferenceError::Session(error) => Failure::from(error).0,
        InferenceError::Input(error) => Failure::from(error).0,
        _ => albert_status::Internal,
    }
}
