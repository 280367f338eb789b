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
//! - nothing allocates, and no panic can be reached. Only the tasks of the feature `tasks` allocate; see `tasks/mod.rs` and
//!   `include/albert_tasks.h`.

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
mod head_file;
mod heads;
mod memory;
mod model;
mod prototypes;
mod session;
mod slow_memory;
mod special_tokens;
mod status;
#[cfg(feature = "tasks")]
mod tasks;
mod tokenizer;
mod version;

pub use executor::*;
pub use head_file::*;
pub use heads::*;
pub use model::*;
pub use prototypes::*;
pub use session::*;
pub use slow_memory::*;
pub use special_tokens::*;
pub use status::*;
#[cfg(feature = "tasks")]
pub use tasks::*;
pub use tokenizer::*;
pub use version::*;
