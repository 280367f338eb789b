//! Memory that calls take and give back.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use spin::mutex::SpinMutex;

use super::lane::Lane;

/// Memory of calls that have ended, and the number of those that have not.
#[derive(Default)]
pub(super) struct Pool {
    idle: SpinMutex<Vec<Lane>>,
    active: AtomicUsize,
}

impl Pool {
    /// Runs a call with memory of its own, and whether it is alone. The memory is dropped when the call panics.
    pub(super) fn with_lane<T>(&self, call: impl FnOnce(&mut Lane, bool) -> T) -> T {
        let _active = Active::new(&self.active);
        let alone = self.active.load(Ordering::Relaxed) == 1;
        let mut lane = self.idle.lock().pop().unwrap_or_default();
        let result = call(&mut lane, alone);
        self.idle.lock().push(lane);
        result
    }
}

/// A call under way.
struct Active<'c>(&'c AtomicUsize);

impl<'c> Active<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
