//! What the caller of a run and the helpers share: the tasks, and who has taken which.

use super::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering, UnsafeCell, fence, spin_loop, thread};
use core::any::Any;
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most tasks of a run.
pub(super) const TASKS: usize = u64::BITS as usize;
/// Spins between two looks at the clock, or two offers of the core to other threads.
#[cfg(not(all(loom, test)))]
const SPINS: usize = 256;
/// In a model one spin stands for any number.
#[cfg(all(loom, test))]
const SPINS: usize = 1;

pub(super) type Task<'t> = &'t (dyn Fn(usize) + Sync + 't);
/// What a task panicked with.
pub(super) type Payload = Box<dyn Any + Send>;

/// State of the run that is under way, if any.
pub(super) struct Shared {
    /// The task. Written by the caller while `left` and `running` are zero, read by whoever has taken a number from `left` and
    /// not yet given it back to `running`.
    task: UnsafeCell<Task<'static>>,
    /// Numbers that nobody has taken, a bit each.
    left: AtomicU64,
    /// Calls that have not returned.
    running: AtomicUsize,
    /// Helpers that sleep or are about to.
    asleep: AtomicUsize,
    /// What the first of the tasks that panicked did so with.
    panic: Mutex<Option<Payload>>,
    /// Whether the helpers are to end.
    ended: AtomicBool,
}

// SAFETY: `task` is only touched as its comment says: `left` hands it from the caller to the helpers (release, acquire), and
// `running` back. The task itself is `Sync`.
unsafe impl Sync for Shared {}
// SAFETY: as above; a reference to a `Sync` task can be sent.
unsafe impl Send for Shared {}

/// Waits until all calls of a run have returned, also when it goes out of scope by unwinding.
struct Finish<'s>(&'s Shared);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        let mut spins = 0_usize;
        while self.0.running_now() > 0 {
            spins += 1;
            if spins.is_multiple_of(SPINS) { thread::yield_now() } else { spin_loop() }
        }
    }
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            task: UnsafeCell::new(&|_| ()),
            left: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            panic: Mutex::new(None),
            ended: AtomicBool::new(false),
        }
    }

    /// Calls `task` with the numbers below `tasks`, from 1 to [`TASKS`], on this thread and the helpers; `wake` wakes those that
    /// sleep. Returns when all calls have returned, with what the first that panicked did so with.
    ///
    /// # Safety
    /// One thread at a time is in this function.
    pub(super) unsafe fn run(&self, tasks: usize, task: Task<'_>, wake: impl FnOnce()) -> Result<(), Payload> {
        self.task.with_mut(|place| {
            // SAFETY: the lifetime is forgotten, not outlived: `Finish` waits for every call before this function is left, and
            // nobody reads the reference after the last. No number is left and no call is running, so nobody reads it now.
            unsafe { *place = core::mem::transmute::<Task<'_>, Task<'static>>(task) }
        });
        self.running.store(tasks, Ordering::Relaxed);
        let finish = Finish(self);
        // An exchange and no store, because helpers may still be looking for numbers of the run before by exchanges.
        self.left.swap(u64::MAX >> (TASKS - tasks), Ordering::Release);
        // This thread sees the helper's `asleep`, or the helper this thread's `left`.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) > 0 {
            wake();
        }
        self.work(0);
        drop(finish);
        match self.panic.lock().map(|mut panic| panic.take()) {
            Ok(Some(payload)) => Err(payload),
            _ => Ok(()),
        }
    }

    /// Calls that have not returned.
    fn running_now(&self) -> usize {
        // A load in a model may return old values for ever; an exchange cannot.
        #[cfg(all(loom, test))]
        return self.running.fetch_add(0, Ordering::Acquire);
        #[cfg(not(all(loom, test)))]
        self.running.load(Ordering::Acquire)
    }

    /// Makes calls until no number is left; that of the thread's own first, since its data are in the thread's caches.
    fn work(&self, own: usize) {
        let own = own % TASKS;
        let mut left = self.left.load(Ordering::Relaxed);
        while left != 0 {
            let index = if left >> own & 1 == 1 { own } else { left.trailing_zeros() as usize };
            left = self.left.fetch_and(!(1 << index), Ordering::Acquire);
            if left >> index & 1 == 1 {
                // SAFETY: the number that was taken keeps the reference alive and unchanged until `running` is told.
                let task = self.task.with(|task| unsafe { *task });
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| task(index))) {
                    self.keep(payload);
                }
                self.running.fetch_sub(1, Ordering::Release);
                left = self.left.load(Ordering::Relaxed);
            }
        }
    }

    /// Keeps the first payload of a run. Others are leaked: the destructor of a payload is anybody's code and may panic, too.
    fn keep(&self, payload: Payload) {
        match self.panic.lock() {
            Ok(mut first) if first.is_none() => *first = Some(payload),
            _ => core::mem::forget(payload),
        }
    }

    /// The life of a helper.
    pub(super) fn help(&self, own: usize) {
        while !self.ended.load(Ordering::Relaxed) {
            self.work(own);
            if !self.spin_wait() {
                self.asleep.fetch_add(1, Ordering::Relaxed);
                // The caller sees the count, or this thread the numbers; `park` returns at once when it has been woken since.
                fence(Ordering::SeqCst);
                if self.left.load(Ordering::Relaxed) == 0 && !self.ended.load(Ordering::Relaxed) {
                    thread::park();
                }
                self.asleep.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Ends the helpers, those excepted that sleep: the caller wakes them.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Waits for work, though not for long; whether there is some.
    #[cfg(not(all(loom, test)))]
    fn spin_wait(&self) -> bool {
        let start = std::time::Instant::now();
        while start.elapsed() < super::SPIN_TIME {
            for _ in 0..SPINS {
                if self.left.load(Ordering::Relaxed) > 0 {
                    return true;
                }
                spin_loop();
            }
        }
        false
    }

    /// In a model a helper sleeps at once.
    #[cfg(all(loom, test))]
    fn spin_wait(&self) -> bool {
        false
    }
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shared").field("left", &self.left).field("running", &self.running).finish_non_exhaustive()
    }
}
