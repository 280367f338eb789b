//! What can be wrong with a checkpoint's tokenizer.

use std::path::PathBuf;

use crate::one_line::OneLine;

/// Why a tokenizer could not be compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// A class that does something else with the file than this library.
    #[error(
        "tokenizer_config.json: {class:?} is not supported with {file} alone; save the tokenizer with its tokenizer.json"
    )]
    Class {
        /// `tokenizer_class`.
        class: String,
        /// The file that there is.
        file: &'static str,
    },
    /// Words are split by a program beside the tokenizer (MeCab, Sudachi, Juman).
    #[error("tokenizer_config.json: the word splitter of {splitter:?} is not supported: it is a program of its own")]
    WordSplitter {
        /// `word_tokenizer_type` or `tokenizer_class`.
        splitter: String,
    },
    /// A choice where the file leaves none.
    #[error("{file} leaves no choice of {choice}")]
    NoChoice {
        /// The file.
        file: &'static str,
        /// What was chosen.
        choice: &'static str,
    },
    /// Byte-level BPE.
    #[error(
        "byte-level BPE (vocab.json and merges.txt, as RoBERTa and GPT-2 have it) is not supported: WordPiece and Unigram are"
    )]
    Bpe,
    /// More pieces must be kept than are wanted.
    #[error(
        "a vocabulary of {most} is too small: {always} tokens are always kept (special tokens, single characters, --keep-token)"
    )]
    VocabularyTooSmall {
        /// Wanted.
        most: usize,
        /// Needed.
        always: usize,
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
    /// Replacements that make a text much longer.
    #[error(
        "the normalizer can make a text more than {} times as long, or add more than {} characters to it: \
         remove or shorten its replacements (Replace, Prepend, precompiled_charsmap)",
        albert_core::tokenizer::section::MAX_EXPANSION,
        albert_core::tokenizer::section::MAX_EXPANSION_EXTRA
    )]
    Expansion,
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
