//! The package's exception.

use std::fmt::Display;

use albert_edge::Error;
use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

pyo3::create_exception!(albert_edge, AlbertError, PyValueError, "What a model, a file or an input is refused for.");

/// An exception with the library's message.
pub(crate) fn raise(error: impl Display) -> PyErr {
    AlbertError::new_err(error.to_string())
}

/// As [`raise`], with rows counted from `first`.
pub(crate) fn raise_of_row(error: Error, first: usize) -> PyErr {
    match error {
        Error::Row { index, error } => raise(Error::Row { index: index + first, error }),
        error => raise(error),
    }
}
