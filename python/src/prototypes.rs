//! Labels that are taught by a few examples.

use std::sync::{Mutex, MutexGuard, PoisonError};

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::raise;

/// Prototypes, and a lock: threads may teach them at once.
#[pyclass(frozen, module = "albert_edge._native")]
pub(crate) struct Prototypes(Mutex<albert_edge::Prototypes>);

impl Prototypes {
    fn lock(&self) -> MutexGuard<'_, albert_edge::Prototypes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Prototypes {
    #[new]
    fn new(labels: usize, width: usize) -> PyResult<Self> {
        albert_edge::Prototypes::new(labels, width).map(|new| Self(Mutex::new(new))).map_err(raise)
    }

    #[staticmethod]
    fn from_bytes(stored: &[u8]) -> PyResult<Self> {
        albert_edge::Prototypes::from_bytes(stored).map(|new| Self(Mutex::new(new))).map_err(raise)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        // Python is not called while the lock is held: another thread may wait for it, and Python for that thread.
        let stored = self.lock().to_bytes();
        PyBytes::new(py, &stored)
    }

    #[getter]
    fn labels(&self) -> usize {
        self.lock().labels()
    }

    #[getter]
    fn width(&self) -> usize {
        self.lock().width()
    }

    fn examples(&self, label: usize) -> u32 {
        self.lock().examples(label)
    }

    fn add(&self, label: usize, embedding: PyReadonlyArray1<'_, f32>) -> PyResult<()> {
        self.lock().add(label, embedding.as_slice().map_err(raise)?).map_err(raise)
    }

    fn forget(&self, label: usize) -> PyResult<()> {
        self.lock().forget(label).map_err(raise)
    }

    /// Label and cosine.
    fn nearest(&self, embedding: PyReadonlyArray1<'_, f32>) -> PyResult<Option<(usize, f32)>> {
        let nearest = self.lock().nearest(embedding.as_slice().map_err(raise)?).map_err(raise)?;
        Ok(nearest.map(|nearest| (nearest.label, nearest.cosine)))
    }
}
