//! RISC-V: start-up by riscv-rt.

mod counter;

use core::arch::asm;
use core::ptr::addr_of;

pub use counter::Counter;
pub use riscv_rt::entry;

unsafe extern "C" {
    static __estack: u32;
    static __sstack: u32;
}

/// What [`paint`] fills the stack with.
pub(crate) const PAINT: u32 = 0xcccc_cccc;

/// Lowest word of the stack, and the first one above it.
pub(crate) fn stack() -> (*const u32, *const u32) {
    (addr_of!(__estack), addr_of!(__sstack))
}

/// Fills the unused part of the stack. Not inlined: the frames of callers must lie above its own.
#[inline(never)]
fn paint() {
    let (mut word, _) = stack();
    // The words below are this function's and may not be touched.
    let frame = addr_of!(word).addr().saturating_sub(64);
    while word.addr() < frame {
        // SAFETY: between the end of the stack and this function's frame nothing is in use.
        unsafe { word.cast_mut().write_volatile(PAINT) }
        word = word.wrapping_add(1);
    }
}

/// Asks the host for something.
///
/// # Safety
/// The argument is what the operation expects, and memory that it names is valid for what the host does with it.
pub(crate) unsafe fn call_host(operation: usize, argument: usize) -> usize {
    let result;
    // SAFETY: the sequence that a host with semihosting knows from a breakpoint, none of it compressed; the caller vouches for
    // memory.
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inout("a0") operation => result,
            in("a1") argument,
            options(nostack)
        );
    }
    result
}

/// Waits for a byte on the UART (16550).
pub(crate) fn serial_byte() -> u8 {
    let register = |offset: usize| core::ptr::with_exposed_provenance_mut::<u8>(0x1000_0000 + offset);
    // SAFETY: the registers of the board's UART: data once the line's status has it.
    unsafe {
        while register(5).read_volatile() & 1 == 0 {}
        register(0).read_volatile()
    }
}

/// Waits for an interrupt.
pub(crate) fn wait() {
    riscv::asm::wfi();
}
