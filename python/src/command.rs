//! The `albert` command.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs a command line, the program's name first; returns the exit code.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| albert_edge_cli::run(arguments))
}
