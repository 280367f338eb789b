//! Instructions, by the core's own counter.

use core::sync::atomic::{AtomicBool, Ordering};

/// Counts instructions between two calls of [`Counter::lap`].
pub struct Counter {
    last: u64,
}

impl Counter {
    /// Starts to count, and to watch the stack; once.
    pub fn start() -> Option<Self> {
        static STARTED: AtomicBool = AtomicBool::new(false);
        if STARTED.load(Ordering::Relaxed) {
            return None;
        }
        STARTED.store(true, Ordering::Relaxed);
        super::paint();
        Some(Self { last: riscv::register::minstret::read64() })
    }

    /// Instructions since the last call.
    pub fn lap(&mut self) -> u64 {
        let now = riscv::register::minstret::read64();
        let instructions = now.wrapping_sub(self.last);
        self.last = now;
        instructions
    }
}
