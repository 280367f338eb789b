//! Threads that wait for the tiles of the next step.
//!
//! A step is some hundred microseconds of work for each thread, and an inference has dozens of them: waking a thread that
//! sleeps would cost a good part of what it saves. So helpers look out for work for a while before they sleep, and whoever
//! waits for them looks out, too.
#![allow(unsafe_code)]

use super::Executor;
use core::cell::UnsafeCell;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::vec::Vec;

/// How long a helper looks out for work before it sleeps.
const LOOK_OUT: Duration = Duration::from_micros(200);
/// Glances between two looks at the clock, or two offers of the core to other threads.
const GLANCES: usize = 256;
/// Tasks that the board has room for.
const AT_A_TIME: usize = u64::BITS as usize;

/// Executor on threads of its own and the caller's. Dropping it ends them.
///
/// One caller at a time has the threads; another, or a task that calls [`Executor::run`] itself, does its tasks alone.
#[derive(Debug)]
pub struct Threads {
    board: Arc<Board>,
    helpers: Vec<JoinHandle<()>>,
    caller: Mutex<()>,
}

type Task<'t> = &'t (dyn Fn(usize) + Sync + 't);

/// What the caller and the helpers share.
struct Board {
    /// The tasks of the run that is under way. Written by the caller while `left` and `running` are zero, read by whoever has
    /// taken a task from `left` and not yet given it back to `running`.
    task: UnsafeCell<Task<'static>>,
    /// Tasks that nobody has taken, a bit each.
    left: AtomicU64,
    /// Tasks that are not done.
    running: AtomicUsize,
    /// Helpers that sleep or are about to.
    asleep: AtomicUsize,
    panicked: AtomicBool,
    ended: AtomicBool,
}

// SAFETY: `task` is only touched as its comment says: `left` hands it from the caller to the helpers (release, acquire), and
// `running` back. The task itself is `Sync`.
unsafe impl Sync for Board {}
// SAFETY: as above; a reference to a `Sync` task can be sent.
unsafe impl Send for Board {}

impl core::fmt::Debug for Board {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Board").field("left", &self.left).field("running", &self.running).finish_non_exhaustive()
    }
}

impl Threads {
    /// Starts `count - 1` threads.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn new(count: usize) -> std::io::Result<Self> {
        let board = Arc::new(Board {
            task: UnsafeCell::new(&|_| ()),
            left: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let mut threads = Self { board, helpers: Vec::new(), caller: Mutex::new(()) };
        for number in 1..count {
            let board = Arc::clone(&threads.board);
            threads.helpers.push(thread::Builder::new().name("albert".into()).spawn(move || board.help(number))?);
        }
        Ok(threads)
    }

    /// Threads that run tasks, the caller's counted.
    pub fn count(&self) -> usize {
        self.helpers.len() + 1
    }

    fn wake(&self) {
        if self.board.asleep.load(Ordering::SeqCst) > 0 {
            self.helpers.iter().for_each(|helper| helper.thread().unpark());
        }
    }
}

impl Executor for Threads {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let caller = match self.caller.try_lock() {
            Ok(caller) if tasks > 1 && !self.helpers.is_empty() => caller,
            _ => return (0..tasks).for_each(task),
        };
        for start in (0..tasks).step_by(AT_A_TIME) {
            self.side_by_side(AT_A_TIME.min(tasks - start), &|index| task(start + index));
        }
        drop(caller);
        if self.board.panicked.swap(false, Ordering::Relaxed) {
            panic!("a task panicked");
        }
    }
}

impl Threads {
    /// Runs up to 64 tasks; the caller holds the lock.
    fn side_by_side(&self, tasks: usize, task: Task<'_>) {
        let board = &*self.board;
        // SAFETY: the lifetime is forgotten, not outlived: every task is done before this function returns, and nobody reads
        // the reference after the last. No task is left or running, so nobody reads it now.
        unsafe { *board.task.get() = core::mem::transmute::<Task<'_>, Task<'static>>(task) };
        board.running.store(tasks, Ordering::Relaxed);
        board.left.store(u64::MAX >> (AT_A_TIME - tasks), Ordering::SeqCst);
        self.wake();
        board.work(0);
        let mut glances = 0_usize;
        while board.running.load(Ordering::Acquire) > 0 {
            glances += 1;
            if glances.is_multiple_of(GLANCES) { thread::yield_now() } else { spin_loop() }
        }
    }
}

impl Board {
    /// Does tasks until none is left; that of the thread's own number first, since its data are in the thread's caches.
    fn work(&self, number: usize) {
        let number = number % AT_A_TIME;
        let mut left = self.left.load(Ordering::Relaxed);
        while left != 0 {
            let own = left >> number & 1 == 1;
            let index = if own { number } else { left.trailing_zeros() as usize };
            left = self.left.fetch_and(!(1 << index), Ordering::Acquire);
            if left >> index & 1 == 1 {
                // SAFETY: the task that was taken keeps the reference alive and unchanged until `running` is told.
                let task = unsafe { *self.task.get() };
                if catch_unwind(AssertUnwindSafe(|| task(index))).is_err() {
                    self.panicked.store(true, Ordering::Relaxed);
                }
                self.running.fetch_sub(1, Ordering::Release);
                left = self.left.load(Ordering::Relaxed);
            }
        }
    }

    /// The life of a helper.
    fn help(&self, number: usize) {
        while !self.ended.load(Ordering::Relaxed) {
            self.work(number);
            if !self.look_out() {
                self.asleep.fetch_add(1, Ordering::SeqCst);
                // The caller sees the count, or this thread the tasks; `park` returns at once when it has been woken since.
                if self.left.load(Ordering::SeqCst) == 0 && !self.ended.load(Ordering::SeqCst) {
                    thread::park();
                }
                self.asleep.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    /// Waits for work, though not for long; whether there is some.
    fn look_out(&self) -> bool {
        let start = Instant::now();
        while start.elapsed() < LOOK_OUT {
            for _ in 0..GLANCES {
                if self.left.load(Ordering::Relaxed) > 0 {
                    return true;
                }
                spin_loop();
            }
        }
        false
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.board.ended.store(true, Ordering::SeqCst);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            // A helper catches the panics of its tasks, so it ends well.
            let _ = helper.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of every size on `threads`, each task counted.
    fn count_tasks(threads: &Threads, runs: usize) {
        for run in 0..runs {
            let tasks = if run.is_multiple_of(100) { 150 } else { run % 9 };
            let counts: Vec<AtomicUsize> = (0..150).map(|_| AtomicUsize::new(0)).collect();
            threads.run(tasks, &|index| {
                counts[index].fetch_add(1, Ordering::Relaxed);
            });
            for (index, count) in counts.iter().enumerate() {
                assert_eq!(count.load(Ordering::Relaxed), usize::from(index < tasks), "run {run}, task {index}");
            }
        }
    }

    #[test]
    fn every_task_runs_once() {
        for count in [0, 1, 2, 5] {
            let threads = Threads::new(count).unwrap();
            assert_eq!(threads.count(), count.max(1));
            count_tasks(&threads, 2000);
        }
    }

    #[test]
    fn helpers_that_sleep_are_woken() {
        let threads = Threads::new(3).unwrap();
        for _ in 0..20 {
            thread::sleep(LOOK_OUT * 3);
            count_tasks(&threads, 9);
        }
    }

    #[test]
    fn several_callers_and_tasks_within_tasks() {
        let threads = Threads::new(2).unwrap();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| count_tasks(&threads, 1000));
            }
        });
        let total = AtomicUsize::new(0);
        threads.run(4, &|_| {
            threads.run(5, &|_| {
                total.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(total.into_inner(), 20);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_does_no_harm() {
        let threads = Threads::new(2).unwrap();
        let outcome = catch_unwind(AssertUnwindSafe(|| threads.run(4, &|index| assert_ne!(index, 2))));
        assert!(outcome.is_err());
        count_tasks(&threads, 100);
    }
}
