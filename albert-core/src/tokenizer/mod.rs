//! Text to ids and back, from tables in the model file.
//!
//! The `TOKN` section (`docs/tokenizer.md`) is a compiled tokenizer: what the reference tokenizer does, reduced to the tables
//! that its pipeline needs. No Unicode tables are linked into the program. From the bottom up:
//! - `offsets`, `options`, `error`: small types of the interface.
//! - `tables`: the section as checked views; [`section`] has the constants that the compiler in `albert-quant` shares.
//! - `memory`: the caller's memory, as token arrays, text of unknown tokens, and one segment of text.
//! - `normalize`: code points to code points, then to words.
//! - `model`: words to pieces.
//! - `encode`: the text of a call, segment by segment, to tokens; truncation and special tokens.
//! - `decode`: ids to text. `encoding`, `handle`, `special`: what a program holds.
//!
//! Text is processed in segments of a word or a few, so that memory is bounded by the tokens that are kept and the
//! longest segment. No table, however damaged, can make anything here panic, loop or read out of bounds.

mod characters;
mod decode;
mod encode;
mod encoding;
mod error;
mod handle;
mod memory;
mod model;
mod normalize;
mod offsets;
mod options;
mod special;
mod tables;

pub use encoding::Encoding;
pub use error::EncodeError;
pub use handle::Tokenizer;
pub use memory::workspace::memory_bytes;
pub use offsets::Offsets;
pub use options::{EncodeOptions, Truncation};
pub use special::{Windows, windows};
pub use tables::{Expansion, TableError, section};
