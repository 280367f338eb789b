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
///
/// # Safety
/// The argument is what the operation expects, and memory that it names is valid for what the host does with it.
pub(crate) unsafe fn call_host(operation: usize, argument: usize) -> usize {
    let result;
    // SAFETY: a breakpoint that a host with semihosting answers; the caller vouches for memory.
    unsafe { asm!("bkpt #0xAB", inout("r0") operation => result, in("r1") argument, options(nostack)) }
    result
}

/// Waits for a byte on the first UART (CMSDK).
pub(crate) fn serial_byte() -> u8 {
    const UART: usize = if cfg!(feature = "mps2-an505") { 0x5020_0000 } else { 0x4000_4000 };
    let register = |offset: usize| core::ptr::with_exposed_provenance_mut::<u32>(UART + offset);
    let (data, state, control, divider) = (register(0), register(4), register(8), register(16));
    // SAFETY: the registers of the board's UART: clock divider, receiver on, then data once there is some.
    unsafe {
        divider.write_volatile(16);
        control.write_volatile(2);
        while state.read_volatile() & 2 == 0 {}
        data.read_volatile() as u8
    }
}

/// Waits for an interrupt.
pub(crate) fn wait() {
    cortex_m::asm::wfi();
}
