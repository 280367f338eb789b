//! Why a text cannot be encoded.

/// Why a text could not be encoded, or ids could not be assembled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EncodeError {
    /// The working memory is too small. With `missing` bytes more the call gets further, but may need still more.
    MemoryTooSmall {
        /// Bytes that are missing at least.
        missing: usize,
    },
    /// [`max_tokens`](super::EncodeOptions::max_tokens) is lower than the number of special tokens.
    LimitTooSmall {
        /// Special tokens that the result must hold.
        special_tokens: usize,
    },
    /// There are more tokens than `max_tokens`, and the option is [`Truncation::DoNotTruncate`](super::Truncation::DoNotTruncate).
    TooManyTokens {
        /// Tokens that the text has, special ones included.
        tokens: usize,
    },
    /// The text that may be cut is shorter than what has to go ("Sequence to truncate too short" in the reference).
    SequenceTooShort,
    /// [`Truncation::OnlySecond`](super::Truncation::OnlySecond) has to cut, but there is no second text.
    SecondSequenceMissing,
    /// A text has 2³¹ bytes or more.
    TextTooLong,
    /// The `out` slice of [`build_inputs`](super::Tokenizer::build_inputs) and its like is shorter than the result.
    OutputTooSmall {
        /// Elements that the result has.
        needed: usize,
    },
}

impl core::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::MemoryTooSmall { missing } => {
                write!(f, "tokenizer memory is too small: at least {missing} bytes more")
            }
            Self::LimitTooSmall { special_tokens } => {
                write!(f, "the token limit is below the {special_tokens} special tokens")
            }
            Self::TooManyTokens { tokens } => write!(f, "{tokens} tokens exceed the limit and truncation is off"),
            Self::SequenceTooShort => f.write_str("the text to truncate is too short for the token limit"),
            Self::SecondSequenceMissing => f.write_str("the second text is to be truncated, but there is none"),
            Self::TextTooLong => f.write_str("the text is longer than 2 GiB"),
            Self::OutputTooSmall { needed } => write!(f, "the output slice needs {needed} elements"),
        }
    }
}

impl core::error::Error for EncodeError {}
