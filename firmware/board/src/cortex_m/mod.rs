//! Cortex-M: start-up by cortex-m-rt, which also paints the stack.

mod counter;

use core::arch::asm;
use core::ptr::addr_of;

pub use cortex_m_rt::entry;
pub use counter::Counter;

unsafe extern "C" {
    static _stack_end: u32;
    static _stack_start: u32;
}

/// What the start-up code fills the stack with.
pub(crate) const PAINT: u32 = 0xcccc_cccc;

/// Lowest word of the stack, and the first one above it.
pub(crate) fn stack() -> (*const u32, *const u32) {
    (addr_of!(_stack_end), addr_of!(_stack_start))
}

/// Asks the host for something.
pub(crate) fn call_host(operation: usize, argument: usize) {
    // SAFETY: a breakpoint that a host with semihosting answers; the operations here read memory at most.
    unsafe { asm!("bkpt #0xAB", inout("r0") operation => _, in("r1") argument, options(nostack)) }
}

/// Waits for an interrupt.
pub(crate) fn wait() {
    cortex_m::asm::wfi();
}
