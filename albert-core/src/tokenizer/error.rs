//! Why a text cannot be encoded.

/// Why a text could not be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EncodeError {
    /// The working memory is too small: at least `missing` bytes more are needed to get further.
    MemoryTooSmall {
        /// Bytes.
        missing: usize,
    },
    /// `max_tokens` is below the number of special tokens.
    LimitTooSmall {
        /// Special tokens that the result must hold.
        special_tokens: usize,
    },
    /// More tokens than `max_tokens`, and [`Truncation::DoNotTruncate`](super::Truncation::DoNotTruncate).
    TooManyTokens {
        /// Tokens of the result.
        tokens: usize,
    },
    /// The side that may be cut has too few tokens ("Sequence to truncate too short").
    SequenceTooShort,
    /// [`Truncation::OnlySecond`](super::Truncation::OnlySecond) has to cut and there is no second text.
    SecondSequenceMissing,
    /// A text of 2³¹ bytes or more.
    TextTooLong,
    /// The output slice of an id operation is shorter than the result.
    OutputTooSmall {
        /// Elements of the result.
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
