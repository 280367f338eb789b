//! A task over a model.

use albert_edge::{Options, Request, Task};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use pythonize::depythonize;

use crate::convert::{request, requests, response};
use crate::engine::{Engines, call, call_on_threads};
use crate::error::{raise, raise_of_row};
use crate::model::Model;

/// A task, and an engine that keeps its memory between calls.
#[pyclass(frozen, module = "albert_edge._native")]
pub(crate) struct Pipeline {
    task: Task,
    engines: Engines,
}

#[pymethods]
impl Pipeline {
    #[new]
    #[pyo3(signature = (model, task, threads=None))]
    fn new(model: &Model, task: &str, threads: Option<usize>) -> PyResult<Self> {
        let task = task.parse().map_err(|error| raise(format_args!("task {task:?}: {error}")))?;
        Ok(Self { task, engines: Engines::new(&model.model, threads) })
    }

    #[getter]
    fn task(&self) -> &'static str {
        self.task.name()
    }

    #[getter]
    fn threads(&self) -> usize {
        self.engines.get().max_threads()
    }

    /// Runs a request.
    fn run<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let request: Request = request(value)?;
        let options: Options = depythonize(options.as_any()).map_err(raise)?;
        let work = |engine| albert_edge::Pipeline::with_options(engine, self.task, &options)?.run(&request);
        let result = call(py, self.engines.get(), work)?.map_err(raise)?;
        response(py, result)
    }

    /// Runs requests on all threads; errors count rows from `first`.
    #[pyo3(signature = (values, options, first=0))]
    fn run_batch<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
        first: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        let requests = requests(values, first)?;
        let options: Options = depythonize(options.as_any()).map_err(raise)?;
        let work = |engine| albert_edge::Pipeline::with_options(engine, self.task, &options)?.run_batch(&requests);
        let results = call_on_threads(py, self.engines.get(), work)?.map_err(|error| raise_of_row(error, first))?;
        let list = PyList::empty(py);
        for result in results {
            list.append(response(py, result)?)?;
        }
        Ok(list)
    }
}
