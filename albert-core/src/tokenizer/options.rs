//! What a caller chooses when a text is encoded.

/// What [`Tokenizer::encode`](super::Tokenizer::encode) does besides tokenizing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Most tokens of the result, special tokens included; `None` for no limit.
    pub max_tokens: Option<usize>,
    /// Which side loses tokens when there are too many.
    pub truncation: Truncation,
    /// Whether the post-processor's tokens (`[CLS]`, `[SEP]`) are added.
    pub add_special_tokens: bool,
    /// Whether the text of unknown tokens is kept for [`Encoding::token`](super::Encoding::token); without it they read as the unknown token.
    pub surfaces: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { max_tokens: None, truncation: Truncation::LongestFirst, add_special_tokens: true, surfaces: false }
    }
}

/// Truncation strategies, with the names and results of the reference library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Truncation {
    /// The longer side is cut to the shorter one's length, then both (`longest_first`).
    #[default]
    LongestFirst,
    /// Only the first text is cut (`only_first`).
    OnlyFirst,
    /// Only the second text is cut (`only_second`).
    OnlySecond,
    /// Nothing is cut; too many tokens are an error (`do_not_truncate`).
    DoNotTruncate,
}

impl Truncation {
    /// The strategy of this Hugging Face name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "longest_first" => Some(Self::LongestFirst),
            "only_first" => Some(Self::OnlyFirst),
            "only_second" => Some(Self::OnlySecond),
            "do_not_truncate" => Some(Self::DoNotTruncate),
            _ => None,
        }
    }
}
