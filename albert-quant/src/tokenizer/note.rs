//! What a user should know about a tokenizer that was compiled.

use super::spiece_kind::SpieceKind;

/// What a user should know about a tokenizer that was compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// A bare `spiece.model`, and how it was read.
    BareSpiece(SpieceKind),
    /// A vocabulary without `tokenizer_config.json`: text is lower-cased and loses its accents.
    NoConfig,
    /// `tokenizer_config.json` and `tokenizer.json` say different things; the latter counts.
    LowerCaseDiffers {
        /// What `tokenizer_config.json` says.
        config: bool,
    },
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BareSpiece(SpieceKind::SentencePiece) => f.write_str(
                "spiece.model without tokenizer.json: read as SentencePiece and the original ALBERT tokenizer do; for what \
                 transformers 5 does with it, choose --tokenizer-kind converted",
            ),
            Self::BareSpiece(SpieceKind::Converted) => f.write_str(
                "spiece.model without tokenizer.json: read as transformers 5 does; ALBERT was trained with --tokenizer-kind \
                 sentencepiece",
            ),
            Self::NoConfig => f.write_str(
                "there is no tokenizer_config.json: text is lower-cased and loses its accents; if the model was trained \
                 otherwise, give --cased or --keep-accents",
            ),
            Self::LowerCaseDiffers { config } => write!(
                f,
                "tokenizer_config.json says do_lower_case {config}, tokenizer.json the opposite: tokenizer.json counts"
            ),
        }
    }
}
