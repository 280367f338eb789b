//! Jobs handed to the tasks of a run.

use super::Executor;
use crate::memory::plan::MAX_WORKERS;

/// Runs `work` on each job, up to [`MAX_WORKERS`] of them, side by side.
///
/// A job is done once at most, whatever the executor does. Where cores cannot exchange a value in one instruction
/// (Cortex-M0, RISC-V without atomics) that takes one thread: the caller does the jobs one after the other.
pub(crate) fn for_each<T: Send>(
    executor: &dyn Executor,
    jobs: impl Iterator<Item = T>,
    work: &(impl Fn(T) + Sync + ?Sized),
) {
    #[cfg(target_has_atomic = "8")]
    side_by_side::run(executor, jobs, work);
    #[cfg(not(target_has_atomic = "8"))]
    {
        let _ = executor;
        jobs.take(MAX_WORKERS).for_each(work);
    }
}

#[cfg(target_has_atomic = "8")]
#[allow(unsafe_code)]
mod side_by_side {
    use super::{Executor, MAX_WORKERS};
    use core::cell::UnsafeCell;
    use core::sync::atomic::{AtomicBool, Ordering};

    /// A job until a task takes it.
    struct Place<T> {
        taken: AtomicBool,
        job: UnsafeCell<Option<T>>,
    }

    // SAFETY: the cell is touched by the one thread that has exchanged `taken`, which moves the job out.
    unsafe impl<T: Send> Sync for Place<T> {}

    impl<T> Place<T> {
        const fn empty() -> Self {
            Self { taken: AtomicBool::new(false), job: UnsafeCell::new(None) }
        }

        fn take(&self) -> Option<T> {
            if self.taken.swap(true, Ordering::Relaxed) {
                return None;
            }
            // SAFETY: nobody else has found `taken` false. The job was put here before the executor was given the queue.
            unsafe { (*self.job.get()).take() }
        }
    }

    pub(super) fn run<T: Send>(
        executor: &dyn Executor,
        jobs: impl Iterator<Item = T>,
        work: &(impl Fn(T) + Sync + ?Sized),
    ) {
        let mut queue = [const { Place::empty() }; MAX_WORKERS];
        let count = queue.iter_mut().zip(jobs).map(|(place, job)| *place.job.get_mut() = Some(job)).count();
        executor.run(count, &|index| run_one(&queue, index, work));
    }

    // One copy where flash is scarce: the compiler makes two functions of the closure above.
    #[cfg_attr(target_os = "none", inline(never))]
    fn run_one<T>(queue: &[Place<T>], index: usize, work: &(impl Fn(T) + Sync + ?Sized)) {
        if let Some(job) = queue.get(index).and_then(Place::take) {
            work(job);
        }
    }
}
