//! Python values to texts, requests and options, and results to Python values.

use albert_edge::{Embedding, HiddenStates, Request, Response};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pythonize::{depythonize, pythonize};

use crate::error::raise;

/// A request: a text, or a dictionary with the fields of one.
pub(crate) fn request(value: &Bound<'_, PyAny>) -> PyResult<Request> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Request::text(text.to_str()?));
    }
    if value.cast::<PyDict>().is_ok() {
        return depythonize(value).map_err(raise);
    }
    let kind = value.get_type().name()?;
    Err(raise(format_args!("expected a text or a dictionary, not {kind}")))
}

/// The requests of a sequence; rows are counted from `first`.
pub(crate) fn requests(values: &Bound<'_, PyAny>, first: usize) -> PyResult<Vec<Request>> {
    let mut requests = Vec::with_capacity(values.len().unwrap_or(0));
    for value in values.try_iter()? {
        let index = first + requests.len();
        requests.push(
            request(&value?)
                .map_err(|error| Python::attach(|py| raise(format_args!("row {index}: {}", error.value(py)))))?,
        );
    }
    Ok(requests)
}

/// A response as Python's values; vectors as NumPy's.
pub(crate) fn response<'py>(py: Python<'py>, response: Response) -> PyResult<Bound<'py, PyAny>> {
    match response {
        Response::HiddenStates(HiddenStates { last_hidden_state, pooler_output }) => {
            let result = PyDict::new(py);
            let width = last_hidden_state.first().map_or(0, Vec::len);
            result.set_item("last_hidden_state", matrix(py, last_hidden_state.concat(), width)?)?;
            if let Some(pooled) = pooler_output {
                result.set_item("pooler_output", PyArray1::from_vec(py, pooled))?;
            }
            Ok(result.into_any())
        }
        Response::Embedding(Embedding { embedding }) => {
            let result = PyDict::new(py);
            result.set_item("embedding", PyArray1::from_vec(py, embedding))?;
            Ok(result.into_any())
        }
        response => pythonize(py, &response).map_err(raise),
    }
}

/// `[rows][width]`, in the memory of the vector.
pub(crate) fn matrix<'py>(py: Python<'py>, values: Vec<f32>, width: usize) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let rows = values.len() / width.max(1);
    PyArray1::from_vec(py, values).reshape([rows, width])
}
