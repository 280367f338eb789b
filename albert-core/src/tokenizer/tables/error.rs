//! What can be wrong with a section.

/// Why a `TOKN` section was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TableError {
    /// The section ends before its header or directory does.
    TooShort,
    /// The section, or a part of it, does not start at a multiple of 8 bytes.
    Misaligned,
    /// A version of the layout that this reader does not know.
    Version,
    /// A header field has a value that does not exist.
    Header {
        /// Index of the word.
        word: u32,
    },
    /// A part lies outside of the section or has a length that does not fit.
    Part {
        /// Index in the directory.
        index: u32,
    },
    /// An unknown normalizer operation, or one with a wrong argument.
    Operation {
        /// Position in the pipeline.
        index: u32,
    },
    /// An unknown pre-tokenizer step, or one with a wrong argument.
    Step {
        /// Position in the pipeline.
        index: u32,
    },
    /// A text can grow by more than the section states or than is allowed.
    Expansion,
    /// A template that is not the first text, then, for a pair, the second, among special tokens.
    Template,
    /// This build of the library has no code for such a tokenizer: cargo feature `sentencepiece` or `wordpiece`.
    NotCompiledIn,
}

impl core::fmt::Display for TableError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooShort => f.write_str("tokenizer section is too short"),
            Self::Misaligned => f.write_str("tokenizer section is not aligned to 8 bytes"),
            Self::Version => f.write_str("tokenizer section has an unknown version"),
            Self::Header { word } => write!(f, "tokenizer header word {word} has an unknown value"),
            Self::Part { index } => write!(f, "tokenizer part {index} does not fit"),
            Self::Operation { index } => write!(f, "tokenizer operation {index} is unknown or damaged"),
            Self::Step { index } => write!(f, "pre-tokenizer step {index} is unknown or damaged"),
            Self::Expansion => f.write_str("tokenizer operations can make a text grow by more than is stated"),
            Self::Template => f.write_str("tokenizer template is damaged"),
            Self::NotCompiledIn => f.write_str("this build leaves out tokenizers of this kind"),
        }
    }
}

impl core::error::Error for TableError {}
