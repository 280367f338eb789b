//! Model, head and index files: bytes to a checked [`Model`], [`HeadFile`] or [`IndexFile`] that borrows them. `docs/format.md` is
//! the specification.

mod bytes;
mod check;
mod checksum;
mod config;
mod embedded;
mod head_file;
mod index_file;
pub mod layout;
mod model;
mod prompts;
mod record;
mod row;
mod sections;
pub mod shapes;
#[cfg(feature = "signature")]
mod signature;
mod strings;
mod tensor;
mod tensors;

pub(crate) use checksum::checksum_of;
pub use checksum::{checksum, verify_checksum};
pub use embedded::EmbeddedModel;
#[doc(hidden)]
pub use embedded::{config_of_embedded, core_is_named};
pub use head_file::HeadFile;
pub use index_file::IndexFile;
pub use model::Model;
pub use prompts::Prompts;
pub use record::Record;
#[cfg(feature = "signature")]
pub use signature::{SignatureCheck, SignatureError};
pub use tensor::{Elements, Linear, Matrix, Norm, Scales, Weights};
