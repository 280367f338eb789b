//! Text to ids and back, from tables in the model file.
//!
//! A [`Tokenizer`] gives the ids, offsets and types of the reference tokenizer that the model was trained with: Hugging Face
//! `tokenizers` for a `tokenizer.json`, SentencePiece for a bare `spiece.model`. It borrows the model file and works in memory
//! that the caller provides:
//! ```
//! use albert_core::Model;
//! use albert_core::format::EmbeddedModel;
//! use albert_core::tokenizer::{EncodeOptions, memory_bytes};
//!
//! const FILE: EmbeddedModel = albert_core::include_model!("../../../models/clinc-intents-int8.albert");
//!
//! let model = Model::from_bytes(FILE.bytes).expect("a valid model file");
//! let tokenizer = model.tokenizer().expect("a file with a tokenizer");
//! // Room for 32 tokens and words of up to 64 characters.
//! let mut memory = [0; memory_bytes(32, 64)];
//! let options = EncodeOptions { max_tokens: Some(32), ..EncodeOptions::default() };
//! let encoding = tokenizer.encode("play some jazz", None, &options, &mut memory).expect("enough memory");
//! assert_eq!(tokenizer.id_to_token(encoding.ids()[0]), Some("[CLS]"));
//! assert_eq!((encoding.offsets()[1].start, encoding.offsets()[1].end), (0, 4)); // "play"
//!
//! let mut text = String::new();
//! tokenizer.decode(encoding.ids(), true, &mut text).expect("a string takes everything");
//! assert_eq!(text, "play some jazz");
//! ```
//! [`Session::start_text`](crate::Session::start_text) does all of this inside the arena; most programs need no tokenizer of
//! their own.
//!
//! # Inside
//! The `TOKN` section of the model file (`docs/tokenizer.md`) is a compiled tokenizer: the tables that the reference's pipeline
//! needs, and no others. No Unicode tables are linked into the program. From the bottom up:
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
