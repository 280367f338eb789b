//! The model file: bytes to a checked [`Model`] that borrows them. `docs/format.md` is the specification.

mod bytes;
mod config;
mod embedded;
mod labels;
pub mod layout;
mod model;
mod row;
mod sections;
mod tensor;
mod tensors;

pub use embedded::EmbeddedModel;
#[doc(hidden)]
pub use embedded::config_of_embedded;
pub use model::{Model, checksum, verify_checksum};
pub use tensor::{Elements, Linear, Matrix, Norm, Record, Scales, Weights};
