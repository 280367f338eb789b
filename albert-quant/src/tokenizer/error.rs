//! What can be wrong with a checkpoint's tokenizer.

use std::path::PathBuf;

use crate::error::OneLine;

/// Why a tokenizer could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A directory holds none of the files that a tokenizer can be compiled from.
    #[error("{} has no tokenizer.json, spiece.model or vocab.txt", path.display())]
    NoTokenizer {
        /// The directory.
        path: PathBuf,
    },
    /// JSON that is not valid, or not of the expected shape.
    #[error("{file}: {}", OneLine(source))]
    Json {
        /// Name of the file.
        file: &'static str,
        /// Where and what.
        source: serde_json::Error,
    },
    /// A component that this library does not have.
    #[error("tokenizer.json: {place} {component:?} is not supported")]
    Unsupported {
        /// normalizer, pre_tokenizer, post_processor, decoder or model.
        place: &'static str,
        /// Type of the component.
        component: String,
    },
    /// A component with a field of the wrong value.
    #[error("tokenizer.json: {place} {component:?}: {}", OneLine(reason))]
    Component {
        /// normalizer, pre_tokenizer, post_processor, decoder or model.
        place: &'static str,
        /// Type of the component.
        component: String,
        /// What is wrong.
        reason: String,
    },
    /// The precompiled character map is damaged.
    #[error("the precompiled character map is damaged")]
    Charsmap,
    /// The SentencePiece model is damaged or of a kind that ALBERT does not use.
    #[error("spiece.model: {}", OneLine(reason))]
    SentencePiece {
        /// What is wrong.
        reason: String,
    },
    /// The vocabulary has no entry that is needed.
    #[error("the vocabulary has no {token:?}")]
    MissingToken {
        /// The token.
        token: String,
    },
    /// An added token is listed with another id than the vocabulary, or the next free place after it, gives it.
    #[error("added token {token:?} is listed with id {listed}; the vocabulary gives it {id}")]
    AddedTokenId {
        /// The token.
        token: String,
        /// Id of the list.
        listed: u32,
        /// Id by the vocabulary.
        id: u32,
    },
    /// A token that cannot be stored: empty where it must not be, with a NUL, or longer than 255 bytes.
    #[error("token {token:?} is empty, holds a NUL character or is longer than 255 bytes")]
    Token {
        /// The token.
        token: String,
    },
    /// The section that was written is refused by its reader.
    #[error("the compiled tokenizer is inconsistent: {0}")]
    Section(albert_core::tokenizer::TableError),
    /// A token of the checkpoint could not be encoded.
    #[error("a token cannot be encoded: {0}")]
    Encode(albert_core::tokenizer::EncodeError),
    /// More than the section can hold.
    #[error("the {what} is too large")]
    TooLarge {
        /// Of what.
        what: &'static str,
    },
}
