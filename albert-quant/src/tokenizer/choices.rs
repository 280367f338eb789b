//! What a user decides where a checkpoint's tokenizer files leave a choice, and whether the files are ones that can be obeyed.

use std::path::PathBuf;

use super::CompileError;
use super::definition::Config;
use super::spiece_kind::SpieceKind;

/// A user's choices.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Choices {
    /// Where the tokenizer's files are, when not in the checkpoint's directory.
    pub directory: Option<PathBuf>,
    /// How a bare `spiece.model` is read.
    pub kind: Option<SpieceKind>,
    /// Whether text keeps its case, whatever the configuration says.
    pub cased: bool,
    /// Whether text keeps its accents, whatever the configuration says.
    pub keep_accents: bool,
}

impl Choices {
    /// The files decide.
    pub const NONE: &'static Self = &Self { directory: None, kind: None, cased: false, keep_accents: false };

    /// Writes the overrides into a configuration.
    pub(super) fn apply(&self, config: &mut Config) {
        if self.cased {
            // What is said of accents stays; BERT's default follows the case.
            config.do_lower_case = Some(false);
        }
        if self.keep_accents {
            (config.keep_accents, config.strip_accents) = (Some(true), Some(false));
        }
    }

    /// Refuses choices that a kind of file does not leave.
    pub(super) fn check(&self, file: &'static str) -> Result<(), CompileError> {
        let is_json = file == super::TOKENIZER_JSON;
        let refused = [
            (self.kind.is_some() && file != super::SPIECE, "a kind (--tokenizer-kind)"),
            (self.cased && is_json, "casing (--cased)"),
            (self.keep_accents && is_json, "accents (--keep-accents)"),
        ];
        match refused.iter().find(|(refused, _)| *refused) {
            Some(&(_, choice)) => Err(CompileError::NoChoice { file, choice }),
            None => Ok(()),
        }
    }
}

/// Classes that do with a `vocab.txt` what BERT's does.
const WORD_PIECE_CLASSES: [&str; 8] = [
    "BertTokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "MobileBertTokenizer",
    "LxmertTokenizer",
    "SqueezeBertTokenizer",
    "ConvBertTokenizer",
    "LayoutLMTokenizer",
];
/// Classes whose `sentencepiece.bpe.model` is a Unigram model with its first ids changed.
pub(super) const XLM_ROBERTA: &str = "XLMRobertaTokenizer";

impl Config {
    /// The class, without the ending of its fast variant.
    pub(super) fn class(&self) -> Option<&str> {
        let class = self.tokenizer_class.as_deref()?;
        Some(class.strip_suffix("Fast").unwrap_or(class))
    }

    /// Refuses classes that do something else with a file, or that split words by another program.
    pub(super) fn check_class(&self, file: &'static str) -> Result<(), CompileError> {
        let class = self.class();
        if let Some(splitter) = self.word_tokenizer_type.as_deref().filter(|&splitter| splitter != "basic") {
            return Err(CompileError::WordSplitter { splitter: splitter.to_owned() });
        }
        if class == Some("BertJapaneseTokenizer") {
            return Err(CompileError::WordSplitter { splitter: "BertJapaneseTokenizer".to_owned() });
        }
        let obeyed = match class {
            None => true,
            _ if file == super::TOKENIZER_JSON => true,
            Some(class) if file == super::SPIECE => class == "AlbertTokenizer",
            Some(class) if file == super::XLM_SPIECE => class == XLM_ROBERTA,
            Some(class) => WORD_PIECE_CLASSES.contains(&class),
        };
        match class {
            Some(class) if !obeyed => Err(CompileError::Class { class: class.to_owned(), file }),
            _ => Ok(()),
        }
    }
}
