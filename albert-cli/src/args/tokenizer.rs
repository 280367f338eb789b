//! Options of `quantize` and `fit` about the tokenizer, and about the part of its vocabulary that is kept.

use std::path::PathBuf;

use albert_quant::tokenizer::SpieceKind;
use clap::Args;

#[derive(Args, Debug)]
#[command(next_help_heading = "Tokenizer")]
pub(crate) struct TokenizerOptions {
    /// Directory with the tokenizer's files, when they are not the checkpoint's
    #[arg(long, value_name = "DIR")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// How a bare spiece.model is read: sentencepiece, as the model was trained, or converted, as transformers 5 does [default:
    /// sentencepiece]
    #[arg(long, value_name = "KIND", value_parser = |name: &str| name.parse::<SpieceKind>())]
    pub(crate) tokenizer_kind: Option<SpieceKind>,
    /// Text keeps its case, whatever tokenizer_config.json says
    #[arg(long)]
    pub(crate) cased: bool,
    /// Text keeps its accents, whatever tokenizer_config.json says
    #[arg(long)]
    pub(crate) keep_accents: bool,
    /// Leave out pieces of the vocabulary that the texts of this file do not use; may be given again
    #[arg(long, value_name = "FILE")]
    pub(crate) vocabulary_from: Vec<PathBuf>,
    /// How often a piece must occur in them
    #[arg(long, value_name = "N", default_value_t = 1, requires = "vocabulary_from")]
    pub(crate) min_count: usize,
    /// Most tokens of the result
    #[arg(long, value_name = "N", requires = "vocabulary_from")]
    pub(crate) keep_vocabulary: Option<usize>,
    /// Keep the pieces of this text, too; may be given again
    #[arg(long, value_name = "TEXT", requires = "vocabulary_from")]
    pub(crate) keep_token: Vec<String>,
    /// Say what is lost on the texts of this file
    #[arg(long, value_name = "FILE", requires = "vocabulary_from")]
    pub(crate) held_out: Option<PathBuf>,
}
