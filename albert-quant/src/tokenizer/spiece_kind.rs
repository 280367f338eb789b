//! The two readings of a bare `spiece.model`.

use std::str::FromStr;

/// How a bare `spiece.model` is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpieceKind {
    /// SentencePiece with the original ALBERT tokenizer around it: how the published models were trained.
    #[default]
    SentencePiece,
    /// What `AlbertTokenizer` of transformers 5 makes of the file when it has no `tokenizer.json`: user-defined symbols such as
    /// brackets and full stops become added tokens, and the text after one begins a word.
    Converted,
}

impl SpieceKind {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SentencePiece => "sentencepiece",
            Self::Converted => "converted",
        }
    }
}

/// A name that is no [`SpieceKind`].
#[derive(Debug, thiserror::Error)]
#[error("expected sentencepiece or converted")]
pub struct UnknownSpieceKind;

impl FromStr for SpieceKind {
    type Err = UnknownSpieceKind;

    fn from_str(name: &str) -> Result<Self, UnknownSpieceKind> {
        [Self::SentencePiece, Self::Converted].into_iter().find(|kind| kind.name() == name).ok_or(UnknownSpieceKind)
    }
}
