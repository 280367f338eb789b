#![no_std]
//! What the programs share.
//!
//! The panic handler calls a function that does not exist: a program links only when no panic can be reached in it. So
//! nothing here formats with `core::fmt`, which can panic.

mod counter;
mod memory;
mod print;

pub use cortex_m;
pub use cortex_m_rt::entry;
pub use counter::Counter;
pub use memory::{data_bytes, stack_used};
pub use print::{exit, hex, line, number, text};

#[cfg(feature = "panic-exit")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    line("panic");
    exit(false)
}

#[cfg(not(feature = "panic-exit"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn a_panic_can_be_reached() -> !;
    }
    // SAFETY: never linked.
    unsafe { a_panic_can_be_reached() }
}
