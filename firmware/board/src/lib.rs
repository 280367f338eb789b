#![no_std]
//! What the programs share.
//!
//! The panic handler calls a function that does not exist: a program links only when no panic can be reached in it. So
//! nothing here formats with `core::fmt`, which can panic.

#[cfg_attr(target_arch = "arm", path = "cortex_m/mod.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv/mod.rs")]
mod arch;
#[cfg(feature = "mps2-an505")]
pub mod dma;
mod input;
mod memory;
mod print;

pub use arch::{Counter, entry};
pub use input::{arguments, line_in, read_file, write_file};
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
