//! Threads for work whose result does not depend on them.

use crate::error::Error;

/// Runs `work` on this many threads.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn run<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
    Ok(pool.map_err(|error| Error::Threads(error.to_string()))?.install(work))
}

/// Runs `work` on the one thread that there is.
#[cfg(target_family = "wasm")]
pub(crate) fn run<T: Send>(_threads: usize, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    Ok(work())
}
