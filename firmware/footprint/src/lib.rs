#![no_std]
//! The panic handler of the programs beside it, which are the core and nothing around it.
//!
//! It calls a function that does not exist. A program links only when the optimizer has proved that no panic can be reached
//! from it, whatever the model file and the input hold. The programs are not run: `cargo xtask size` links and measures
//! them.

use core::panic::PanicInfo;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn a_panic_can_be_reached() -> !;
    }
    // SAFETY: never linked.
    unsafe { a_panic_can_be_reached() }
}
