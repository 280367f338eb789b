//! Options of `quantize` and `fit` about the tokenizer, and about the part of its vocabulary that is kept.

use std::path::PathBuf;

use albert_quant::tokenizer::SpieceKind;
use clap::Args;

/// Heading of the help for the options that leave out pieces.
const VOCABULARY: &str = "Smaller vocabulary";

#[derive(Args, Debug)]
#[command(next_help_heading = "Tokenizer")]
pub(crate) struct TokenizerOptions {
    /// Directory with the tokenizer's files [default: the checkpoint's]
    #[arg(long, value_name = "DIR")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// How to read a bare spiece.model: sentencepiece (as in training) or converted (as transformers 5 does) [default:
    /// sentencepiece]
    #[arg(long, value_name = "KIND", value_parser = |name: &str| name.parse::<SpieceKind>())]
    pub(crate) tokenizer_kind: Option<SpieceKind>,
    /// Keep the case of text, whatever tokenizer_config.json says
    #[arg(long)]
    pub(crate) cased: bool,
    /// Keep the accents of text, whatever tokenizer_config.json says
    #[arg(long)]
    pub(crate) keep_accents: bool,
    /// Keep only pieces of the vocabulary that the texts of this file use; may be given again
    #[arg(long, value_name = "FILE", help_heading = VOCABULARY)]
    pub(crate) vocabulary_from: Vec<PathBuf>,
    /// How often a piece must occur in these texts
    #[arg(long, value_name = "N", default_value_t = 1, requires = "vocabulary_from", help_heading = VOCABULARY)]
    pub(crate) min_count: usize,
    /// Keep at most N pieces, the most frequent ones
    #[arg(long, value_name = "N", requires = "vocabulary_from", help_heading = VOCABULARY)]
    pub(crate) keep_vocabulary: Option<usize>,
    /// Keep the pieces of this text, too; may be given again
    #[arg(long, value_name = "TEXT", requires = "vocabulary_from", help_heading = VOCABULARY)]
    pub(crate) keep_token: Vec<String>,
    /// Report what the texts of this file lose
    #[arg(long, value_name = "FILE", requires = "vocabulary_from", help_heading = VOCABULARY)]
    pub(crate) held_out: Option<PathBuf>,
}
