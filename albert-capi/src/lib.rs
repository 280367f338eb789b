#![no_std]
#![allow(non_camel_case_types, missing_docs, reason = "the names are C's, and the header is the documentation")]
#![allow(clippy::missing_safety_doc, clippy::too_many_arguments, reason = "the header states the contract for all")]
//! The C interface of `albert-core`. `include/albert.h` is made from this crate and documents it for C programmers;
//! `docs/c-api.md` is the guide.
//!
//! Rules that every function here keeps:
//! - pointers from C are checked for null and alignment, lengths for what an object can have; otherwise they are trusted, as C
//!   programs expect;
//! - memory that C may not have written is written before it is read;
//! - numbers and enums from C arrive as integers and are checked;
//! - a result is written only when the status is `ALBERT_STATUS_OK`;
//! - nothing allocates, and no panic can be reached.

#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "panic-halt")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

mod call;
mod executor;
mod heads;
mod memory;
mod model;
mod session;
mod special_tokens;
mod status;
mod tokenizer;

pub use executor::*;
pub use heads::*;
pub use model::*;
pub use session::*;
pub use special_tokens::*;
pub use status::*;
pub use tokenizer::*;

/// Version of this interface: equal to ALBERT_ABI_VERSION of the header that fits. It changes when a program that was
/// compiled against an older header would break.
#[unsafe(no_mangle)]
pub extern "C" fn albert_abi_version() -> u32 {
    1
}
