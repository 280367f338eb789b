//! Model files and head files: bytes to a checked [`Model`] or [`HeadFile`] that borrows them. `docs/format.md` is the
//! specification.

mod bytes;
mod check;
mod checksum;
mod config;
mod embedded;
mod head_file;
pub mod layout;
mod model;
mod prompts;
mod record;
mod row;
mod sections;
mod shapes;
mod strings;
mod tensor;
mod tensors;

pub use checksum::{checksum, verify_checksum};
pub use embedded::EmbeddedModel;
#[doc(hidden)]
pub use embedded::config_of_embedded;
pub use head_file::HeadFile;
pub use model::Model;
pub use prompts::Prompts;
pub use record::Record;
pub use tensor::{Elements, Linear, Matrix, Norm, Scales, Weights};
