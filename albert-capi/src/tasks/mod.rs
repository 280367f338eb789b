//! The tasks of `albert-edge`, for programs that have an allocator. `include/albert_tasks.h` is made from this folder.
//!
//! Values are converted here and nothing else: results are those of the Rust library. Besides the rules of the crate:
//! - what a function hands out is freed by the function that is named for it, and null may be passed there;
//! - a panic ends at the boundary, as `ALBERT_STATUS_INTERNAL`.

mod answer;
mod engine;
mod error;
#[cfg(feature = "fit")]
mod fit;
mod model;
mod object;
mod options;
mod pipeline;
mod request;
mod result;
mod stream;
mod text;

pub use engine::*;
pub use error::*;
#[cfg(feature = "fit")]
pub use fit::*;
pub use model::*;
pub use options::*;
pub use pipeline::*;
pub use request::*;
pub use result::*;
pub use stream::*;
pub use text::*;
