//! Memory and time that one input may take. What exceeds them aborts at once, so that libFuzzer keeps the input.
//!
//! Memory is what Rust code asks its allocator for, on all threads. Time is the processor's, so that a busy or paused machine
//! finds nothing.

use std::sync::Once;

pub use albert_tests::memory::Counting;
use albert_tests::memory::limit;

/// What an input may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes for every byte of input.
    pub bytes_per_byte: usize,
    /// Bytes beside them.
    pub bytes: usize,
    /// Processor seconds, of all threads together.
    pub seconds: u32,
}

impl Limits {
    /// Ten times the input and 64 MiB; five seconds.
    pub const DEFAULT: Self = Self { bytes_per_byte: 10, bytes: 64 << 20, seconds: 5 };
}

/// Runs `check` on an input of `length` bytes within `limits`.
pub fn bounded(length: usize, limits: Limits, check: impl FnOnce()) {
    let most = length.saturating_mul(limits.bytes_per_byte).saturating_add(limits.bytes);
    limit(Some(most));
    alarm(limits.seconds);
    check();
    alarm(0);
    limit(None);
}

/// Aborts the process when it has used this many more seconds of processor time; 0 for never.
fn alarm(seconds: u32) {
    extern "C" fn too_slow(_: libc::c_int) {
        let message = b"this input takes longer than it may\n";
        // SAFETY: both calls are allowed in a signal handler; the message is as long as stated.
        unsafe {
            libc::write(2, message.as_ptr().cast(), message.len());
            libc::abort();
        }
    }
    static HANDLER: Once = Once::new();
    // SAFETY: the handler has the type that `signal` expects and calls what handlers may call.
    HANDLER.call_once(|| unsafe {
        libc::signal(libc::SIGPROF, too_slow as extern "C" fn(libc::c_int) as libc::sighandler_t);
    });
    let value = libc::timeval { tv_sec: seconds.into(), tv_usec: 0 };
    let timer = libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: value };
    // SAFETY: the timer is a valid value, and the old one is not asked for.
    unsafe { libc::setitimer(libc::ITIMER_PROF, &timer, std::ptr::null_mut()) };
}
