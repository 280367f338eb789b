//! Normalizers and pre-tokenizers as a checkpoint has them.

use super::charsmap::Charsmap;

/// A normalizer of the checkpoint.
#[derive(Clone, Debug)]
pub(super) enum Normalizer {
    Replace {
        pattern: String,
        content: String,
    },
    /// The regular expression ` {2,}`.
    CollapseBlanks {
        content: String,
    },
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
    StripAccents,
    Lowercase,
    Precompiled(Charsmap),
    Strip {
        left: bool,
        right: bool,
    },
    Prepend(String),
    Bert {
        clean_text: bool,
        handle_chinese_chars: bool,
        strip_accents: bool,
        lowercase: bool,
    },
    Nmt,
    /// Python's `str.split` blanks to U+0020, as `remove_space` of the original ALBERT tokenizer.
    PythonBlanks,
    /// Compatibility decomposition without what has a combining class, by current Unicode data, as the original ALBERT
    /// tokenizer.
    PythonAccents,
    SentencePiece {
        charsmap: Charsmap,
        symbols: Vec<String>,
        bits: u32,
    },
}

/// A pre-tokenizer step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PreTokenizer {
    Whitespace,
    Metaspace { blank: char, prepend: u32, split: bool },
    Punctuation,
}
