//! Threads that wait for the tiles of the next step.
//!
//! A step is some hundred microseconds of work for each thread, and an inference has dozens of them: waking a thread that
//! sleeps would cost a good part of what it saves. So helpers spin for a while before they sleep, and whoever waits for them
//! spins, too.
#![allow(unsafe_code)]

#[cfg(all(loom, test))]
mod model;
mod shared;
mod sync;
#[cfg(all(test, not(loom)))]
mod tests;

use super::Executor;
use shared::{Shared, TASKS};
use std::panic::resume_unwind;
use std::vec::Vec;
use sync::{Arc, AtomicBool, JoinHandle, Ordering, thread};

/// How long a helper spins before it sleeps.
#[cfg(not(all(loom, test)))]
const SPIN_TIME: std::time::Duration = std::time::Duration::from_micros(200);

/// Executor on threads of its own and the caller's. Dropping it ends them.
///
/// One caller at a time has the threads; another, or a task that calls [`Executor::run`] itself, does its tasks alone.
/// When a task panics, the others of its run still finish, and [`Executor::run`] then panics with what the first one
/// panicked with; tasks from number 64 on that have not begun are left out.
#[derive(Debug)]
pub struct Threads {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
    /// Whether a caller has the threads.
    busy: AtomicBool,
}

/// The threads, taken by one caller; given back when it goes out of scope.
struct Taken<'t>(&'t Threads);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

impl Threads {
    /// Starts `count - 1` threads.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn new(count: usize) -> std::io::Result<Self> {
        let mut threads = Self { shared: Arc::new(Shared::new()), helpers: Vec::new(), busy: AtomicBool::new(false) };
        for number in 1..count {
            let shared = Arc::clone(&threads.shared);
            threads.helpers.push(thread::Builder::new().name("albert".into()).spawn(move || shared.help(number))?);
        }
        Ok(threads)
    }

    /// Threads that run tasks, the caller's counted.
    pub fn count(&self) -> usize {
        self.helpers.len() + 1
    }

    /// The threads, unless another caller has them.
    fn take(&self) -> Option<Taken<'_>> {
        (!self.busy.swap(true, Ordering::Acquire)).then(|| Taken(self))
    }

    fn wake(&self) {
        self.helpers.iter().for_each(|helper| helper.thread().unpark());
    }
}

impl Executor for Threads {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let threads = if tasks > 1 && !self.helpers.is_empty() { self.take() } else { None };
        let Some(threads) = threads else { return (0..tasks).for_each(task) };
        let outcome = (0..tasks).step_by(TASKS).try_for_each(|start| {
            // SAFETY: `threads` is held, so that no other caller is in there.
            unsafe { self.shared.run(TASKS.min(tasks - start), &|index| task(start + index), || self.wake()) }
        });
        drop(threads);
        if let Err(payload) = outcome {
            resume_unwind(payload);
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.end();
        self.wake();
        for helper in self.helpers.drain(..) {
            // A helper catches the panics of its tasks, so it ends well.
            let _ = helper.join();
        }
    }
}
