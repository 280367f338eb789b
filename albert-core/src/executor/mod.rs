//! What runs the tasks of a step: several threads, or the caller's thread alone.

mod queue;
#[cfg(feature = "threads")]
mod threads;

pub(crate) use queue::for_each;
#[cfg(feature = "threads")]
pub use threads::Threads;

/// Runs independent tasks, in parallel if it can. Results do not depend on the executor.
pub trait Executor: Sync {
    /// Calls `task` once with each number below `tasks`, and returns when all calls have returned.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync));
}

/// One task after another, on the caller's thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serial;

impl Executor for Serial {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}
