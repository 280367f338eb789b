//! Checkpoints by hub id.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

use albert_hub::{Hub, RepoId};
use pyo3::prelude::*;

use crate::error::raise;

/// The directory of a hub checkpoint, downloaded when it is not in the cache. `progress(file, done, total)` is called as bytes
/// arrive; what it raises ends the download, and the next call goes on from there.
#[pyfunction]
#[pyo3(signature = (id, revision=None, progress=None))]
pub(crate) fn locate(
    py: Python<'_>,
    id: &str,
    revision: Option<&str>,
    progress: Option<Py<PyAny>>,
) -> PyResult<PathBuf> {
    let mut repository: RepoId = id.parse().map_err(raise)?;
    if let Some(revision) = revision {
        repository = repository.at(revision).map_err(raise)?;
    }
    let mut raised = None;
    let found = py.detach(|| {
        let mut show = |step: albert_hub::Downloaded<'_>| {
            let told = Python::attach(|py| {
                py.check_signals()?;
                progress.as_ref().map_or(Ok(()), |told| told.call1(py, (step.file, step.done, step.total)).map(drop))
            });
            if let Err(error) = told {
                raised = Some(error);
                // The client has no other way to be stopped; no panic hook is called.
                resume_unwind(Box::new(()));
            }
        };
        catch_unwind(AssertUnwindSafe(|| Hub::from_env().checkpoint(&repository, &mut show)))
    });
    match (found, raised) {
        (_, Some(error)) => Err(error),
        (Ok(found), None) => found.map_err(raise),
        (Err(panic), None) => resume_unwind(panic),
    }
}
