//! What the Python package calls: values in, `albert-edge`, values out.
//!
//! - `model`, `tokenizer`, `pipeline`, `prototypes`: the classes.
//! - `engine`: threads, forks and interrupts; `convert`: Python values to texts and back; `error`: the exception.
//! - `checkpoint`: hub ids; `command`: the `albert` command.

mod checkpoint;
mod command;
mod convert;
mod engine;
mod error;
mod model;
mod pipeline;
mod prototypes;
mod tokenizer;

/// Native part of the package `albert_edge`.
///
/// It does not need the interpreter lock: every class is frozen, what changes in one is behind a lock, and Python is not called
/// while such a lock is held.
#[pyo3::pymodule(gil_used = false, name = "_native")]
mod native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::checkpoint::locate;
    #[pymodule_export]
    use crate::command::command;
    #[pymodule_export]
    use crate::error::AlbertError;
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::pipeline::Pipeline;
    #[pymodule_export]
    use crate::prototypes::Prototypes;
    #[pymodule_export]
    use crate::tokenizer::Tokenizer;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
