//! What a caller chooses when a text is encoded.

/// Options of [`Tokenizer::encode`](super::Tokenizer::encode). The default adds special tokens and has no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Most tokens of the result, special tokens included; `None` for no limit. Longer texts are cut as `truncation` says.
    pub max_tokens: Option<usize>,
    /// Which text loses tokens when there are more than `max_tokens`.
    pub truncation: Truncation,
    /// Whether special tokens (`[CLS]`, `[SEP]`) are added.
    pub add_special_tokens: bool,
    /// Whether [`Encoding::token`](super::Encoding::token) shows the text of unknown and added tokens. Needs memory for that text.
    pub surfaces: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { max_tokens: None, truncation: Truncation::LongestFirst, add_special_tokens: true, surfaces: false }
    }
}

/// Which text is cut when there are too many tokens. Names and results are those of the reference library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Truncation {
    /// The longer text is cut to the length of the shorter one, then both alike (`longest_first`).
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
    /// The strategy of a Hugging Face name, such as `longest_first`; `None` for other names.
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
