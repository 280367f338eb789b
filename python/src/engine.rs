//! Calls without the interpreter lock, which Ctrl-C ends.

use std::ops::ControlFlow;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use albert_edge::{Engine, Model, Result};
use pyo3::prelude::*;

/// How often a call looks for signals.
const PERIOD: Duration = Duration::from_millis(50);

/// The engine of an object, and the process that it was made in: the threads of an engine do not live on in a forked process.
pub(crate) struct Engines {
    model: Model,
    threads: Option<usize>,
    own: Mutex<(u32, Engine)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn make(model: &Model, threads: Option<usize>) -> Engine {
    let engine = Engine::new(model);
    match threads {
        Some(threads) => engine.threads(threads),
        None => engine,
    }
}

impl Engines {
    pub(crate) fn new(model: &Model, threads: Option<usize>) -> Self {
        Self { model: model.clone(), threads, own: Mutex::new((process::id(), make(model, threads))) }
    }

    /// The engine of this process.
    pub(crate) fn get(&self) -> Engine {
        let mut own = lock(&self.own);
        if own.0 != process::id() {
            let new = (process::id(), make(&self.model, self.threads));
            // The other process's threads cannot be joined here.
            std::mem::forget(std::mem::replace(&mut *own, new));
        }
        own.1.clone()
    }
}

/// What interrupts a call.
#[derive(Default)]
struct Interrupt {
    stop: AtomicBool,
    raised: Mutex<Option<PyErr>>,
    last_look: Mutex<Option<Instant>>,
}

impl Interrupt {
    /// Lets Python's signal handlers run; they do on its main thread alone.
    fn look(&self) {
        if let Err(error) = Python::attach(|py| py.check_signals()) {
            *lock(&self.raised) = Some(error);
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Looks when it is time to.
    fn look_now_and_then(&self) -> ControlFlow<()> {
        let mut last = lock(&self.last_look);
        if last.get_or_insert_with(Instant::now).elapsed() >= PERIOD {
            *last = Some(Instant::now());
            drop(last);
            self.look();
        }
        self.stopped()
    }

    fn stopped(&self) -> ControlFlow<()> {
        if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn raised(&self) -> PyResult<()> {
        lock(&self.raised).take().map_or(Ok(()), Err)
    }
}

/// Does `work`, which runs inferences on the calling thread.
pub(crate) fn call<T: Send>(
    py: Python<'_>,
    engine: Engine,
    work: impl FnOnce(Engine) -> Result<T> + Send,
) -> PyResult<Result<T>> {
    let interrupt = Arc::new(Interrupt::default());
    let seen = interrupt.clone();
    let engine = engine.watch(move |_| seen.look_now_and_then());
    let result = py.detach(|| work(engine));
    interrupt.raised().map(|()| result)
}

/// Does `work`, which runs inferences on several threads.
pub(crate) fn call_on_threads<T: Send>(
    py: Python<'_>,
    engine: Engine,
    work: impl FnOnce(Engine) -> Result<T> + Send,
) -> PyResult<Result<T>> {
    if engine.max_threads() == 1 {
        return call(py, engine, work);
    }
    let interrupt = Arc::new(Interrupt::default());
    let seen = interrupt.clone();
    let engine = engine.watch(move |_| seen.stopped());
    let look = interrupt.clone();
    // Signal handlers run on this thread alone, so the work is done by others.
    let result = py.detach(move || {
        thread::scope(|scope| {
            let (done, wait) = channel();
            scope.spawn(move || {
                // There is a receiver as long as this scope.
                let _ = done.send(work(engine));
            });
            loop {
                match wait.recv_timeout(PERIOD) {
                    Ok(result) => return Some(result),
                    Err(RecvTimeoutError::Timeout) => look.look(),
                    // The thread has panicked, which the scope hands on.
                    Err(RecvTimeoutError::Disconnected) => return None,
                }
            }
        })
    });
    interrupt.raised()?;
    result.ok_or_else(|| crate::error::raise("a thread has failed"))
}
