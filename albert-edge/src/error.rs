//! What can go wrong, said so that a person can act on it.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use albert_core::config::Head;
use albert_core::error::ChecksumError;
use albert_core::format::layout::{HEAD_VERSION, VERSION};
use albert_core::tokenizer::EncodeError;
use albert_core::{FormatError, InputError};

use crate::task::Task;

/// Result of everything that can fail here.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why a model cannot be used or an input cannot be run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A model file cannot be opened or mapped.
    #[cfg(feature = "std")]
    Open {
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A directory, pipe or device instead of a model file.
    #[cfg(feature = "std")]
    NotAFile {
        /// What was to be opened.
        path: std::path::PathBuf,
        /// Whether it is a directory.
        directory: bool,
    },
    /// A file of no bytes.
    #[cfg(feature = "std")]
    EmptyFile {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The bytes are no model file, or a damaged one.
    Format(FormatError),
    /// The bytes are no head file, or a damaged one.
    HeadFormat(FormatError),
    /// The head was made for another encoder than the model.
    OtherEncoder,
    /// The bytes of a file have changed since it was written.
    Checksum(ChecksumError),
    /// The model's head does not serve the task.
    Head {
        /// The task.
        task: Task,
        /// The head.
        head: Head,
    },
    /// Zero-shot classification needs a label whose name begins with "entail".
    NoEntailmentLabel,
    /// The model has no label of this name.
    NoLabel {
        /// The name.
        label: String,
    },
    /// Reranking needs a classifier of one output.
    NotARanker {
        /// The outputs that the model has.
        labels: u32,
    },
    /// The model file has no tokenizer.
    NoTokenizer,
    /// The tokenizer has no mask token.
    NoMaskToken,
    /// An option that the task does not have.
    Option {
        /// Its name.
        option: &'static str,
        /// The task.
        task: Task,
    },
    /// A text, question or context of white space alone.
    EmptyText,
    /// A request lacks this field.
    Missing(Field),
    /// A request has this field, which the task does not take.
    Unexpected {
        /// The field.
        field: Field,
        /// The task.
        task: Task,
    },
    /// More tokens than the model or the chosen limit allows.
    TooLong {
        /// Tokens of the text.
        tokens: usize,
        /// Tokens allowed.
        limit: usize,
    },
    /// The text cannot be encoded.
    Encode(EncodeError),
    /// The ids cannot be run.
    Input {
        /// What is wrong with them.
        error: InputError,
        /// Rows of the model's vocabulary.
        vocab_size: u32,
        /// Token types that the model has.
        type_vocab_size: u32,
        /// Layers that the model has.
        num_hidden_layers: u32,
    },
    /// There is no mask token in the text.
    NoMask {
        /// The mask token.
        mask: String,
    },
    /// None of the targets has a token.
    NoTarget,
    /// The hypothesis template has no `{}`.
    Template,
    /// A stride needs an aggregation strategy, which puts the windows' entities together.
    StrideWithoutAggregation,
    /// What stands beside the text in a window leaves no room for it.
    WindowTooSmall {
        /// Tokens of a window.
        length: usize,
        /// Tokens of the question and special tokens.
        others: usize,
    },
    /// Windows would share as many tokens as they take, or more.
    StrideTooLarge {
        /// Tokens of the text in a window.
        size: usize,
        /// Tokens to share.
        stride: usize,
    },
    /// Early exit needs a head that chooses one label for a text.
    NoExit,
    /// More memory than the limit is needed.
    MemoryLimit {
        /// Bytes needed.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The allocator has no more memory.
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// The operating system does not start threads.
    #[cfg(feature = "std")]
    Threads {
        /// Threads asked for.
        count: usize,
        /// What it says.
        source: std::io::Error,
    },
    /// A callback ended the call.
    Cancelled,
    /// A row of a batch failed.
    Row {
        /// Its index, from 0.
        index: usize,
        /// Why.
        error: Box<Error>,
    },
    /// The inference gave no output: a bug.
    NoOutput,
}

/// Parts of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The text.
    Text,
    /// The second text.
    TextPair,
    /// The question.
    Question,
    /// The text that holds the answer.
    Context,
    /// Texts to choose from.
    Choices,
    /// Tokens to choose from.
    Targets,
    /// Labels to choose from.
    CandidateLabels,
    /// Texts to rank.
    Documents,
    /// Ids in place of a text.
    InputIds,
}

impl Field {
    /// Name of the field in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextPair => "text_pair",
            Self::Question => "question",
            Self::Context => "context",
            Self::Choices => "choices",
            Self::Targets => "targets",
            Self::CandidateLabels => "candidate_labels",
            Self::Documents => "documents",
            Self::InputIds => "input_ids",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "std")]
            Self::Open { path, source } => write!(f, "cannot open {}: {source}", path.display()),
            #[cfg(feature = "std")]
            Self::NotAFile { path, directory: true } => {
                write!(f, "{} is a directory, not a model file", path.display())
            }
            #[cfg(feature = "std")]
            Self::NotAFile { path, .. } => write!(f, "{} is not a regular file", path.display()),
            #[cfg(feature = "std")]
            Self::EmptyFile { path } => write!(f, "{} is empty", path.display()),
            Self::Format(error) => format_error(error, &MODEL_FILE, f),
            Self::HeadFormat(error) => format_error(error, &HEAD_FILE, f),
            Self::OtherEncoder => f.write_str("the head was fitted on another encoder than this model's"),
            Self::Checksum(ChecksumError { stated, computed }) => {
                write!(f, "checksum {computed:08x} instead of {stated:08x}: the file is damaged; make or copy it again")
            }
            Self::Head { task, head } => {
                write!(f, "{task} needs another head than the model's, {}", head.name())
            }
            Self::NoEntailmentLabel => f.write_str(
                "zero-shot classification needs a model of natural language inference: none of this model's labels \
                 begins with \"entail\"",
            ),
            Self::NoLabel { label } => write!(f, "the model has no label \"{label}\""),
            Self::NotARanker { labels } => {
                write!(f, "reranking needs a classifier of one output; this model has {labels} labels")
            }
            Self::NoTokenizer => {
                f.write_str("the model has no tokenizer: give input_ids, or convert a checkpoint that has one")
            }
            Self::NoMaskToken => f.write_str("the tokenizer has no mask token"),
            Self::Option { option, task } => write!(f, "{task} has no option {option}"),
            Self::EmptyText => f.write_str("the text is empty"),
            Self::Missing(Field::Question) => f.write_str("there is no question"),
            Self::Missing(Field::Context) => f.write_str("there is no context"),
            Self::Missing(Field::Choices) => f.write_str("there are no choices"),
            Self::Missing(Field::CandidateLabels) => f.write_str("there are no candidate labels"),
            Self::Missing(Field::Documents) => f.write_str("there are no documents to rank"),
            Self::Missing(Field::TextPair) => f.write_str("there is no second text; two texts are needed"),
            Self::Missing(field) => write!(f, "there is no {}", field.name()),
            Self::Unexpected { field, task } => write!(f, "{task} takes no {}", field.name()),
            Self::TooLong { tokens, limit } => {
                write!(f, "{tokens} tokens, more than the {limit} that are allowed; shorten or truncate the text")
            }
            Self::Encode(error) => encode_error(*error, f),
            Self::Input { error, vocab_size, type_vocab_size, num_hidden_layers } => match *error {
                InputError::Id { index, id } => {
                    write!(f, "id {id} at index {index} is beyond the vocabulary of {vocab_size}")
                }
                InputError::TokenType { index, token_type } => write!(
                    f,
                    "token type {token_type} at index {index} is beyond the {type_vocab_size} that the model has"
                ),
                InputError::Layers => {
                    write!(f, "the number of layers must be from 1 to the model's {num_hidden_layers}")
                }
                error => input_error(error, f),
            },
            Self::NoMask { mask } => write!(f, "there is no {mask} in the text"),
            Self::NoTarget => f.write_str("none of the targets has a token"),
            Self::Template => f.write_str("the hypothesis template needs {} where the label goes"),
            Self::StrideWithoutAggregation => {
                f.write_str("a stride puts entities of windows together: choose an aggregation strategy")
            }
            Self::WindowTooSmall { length, others } => write!(
                f,
                "the question and special tokens ({others} together) leave no room for the text in windows of {length}"
            ),
            Self::StrideTooLarge { size, stride } => write!(
                f,
                "windows take {size} tokens of the text, no more than they would share ({stride}); lower the stride"
            ),
            Self::NoExit => f.write_str("early exit needs a head that chooses one label for a text"),
            Self::MemoryLimit { bytes, limit } => {
                write!(f, "{bytes} bytes of memory are needed, more than the limit of {limit}; shorten the text")
            }
            Self::OutOfMemory { bytes } => write!(f, "there is no memory for {bytes} bytes more"),
            #[cfg(feature = "std")]
            Self::Threads { count, source } => write!(f, "cannot start {count} threads: {source}"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Row { index, error } => write!(f, "row {index}: {error}"),
            Self::NoOutput => f.write_str("the inference gave no output"),
        }
    }
}

/// A kind of file: what it is called, how it is made, and the version that this program reads.
struct Kind {
    name: &'static str,
    made_by: &'static str,
    version: u32,
}

const MODEL_FILE: Kind =
    Kind { name: "ALBERT model file", made_by: "albert quantize makes one from a checkpoint", version: VERSION };
const HEAD_FILE: Kind =
    Kind { name: "head file", made_by: "albert fit --head-only makes one from examples", version: HEAD_VERSION };

/// What is wrong with a file, and what to do.
fn format_error(error: &FormatError, kind: &Kind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Kind { name, made_by, version: own } = kind;
    match error {
        FormatError::Magic => write!(f, "no {name}; {made_by}"),
        FormatError::Version(version) => {
            write!(f, "the file has format version {version}, this program reads version {own}; ")?;
            f.write_str(if version < own { "make it anew: " } else { "it needs a newer program" })?;
            f.write_str(if version < own { made_by } else { "" })
        }
        FormatError::Truncated { needed } => {
            write!(f, "the file is cut short: {needed} bytes or more are needed; make or copy it again")
        }
        FormatError::FileBytes { stated, actual } => {
            write!(f, "the file has {actual} bytes instead of {stated}; make or copy it again")
        }
        FormatError::UnknownSection(_) => f.write_str("the file needs a newer version of this program"),
        error => write!(f, "the file is damaged ({error}); make or copy it again"),
    }
}

fn encode_error(error: EncodeError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        EncodeError::LimitTooSmall { special_tokens } => {
            write!(f, "the token limit must leave room for the {special_tokens} special tokens")
        }
        EncodeError::SequenceTooShort => {
            f.write_str("the text to cut is too short; allow more tokens or truncate longest_first")
        }
        EncodeError::SecondSequenceMissing => f.write_str("there is no second text to cut"),
        error => fmt::Display::fmt(&error, f),
    }
}

fn input_error(error: InputError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        InputError::Empty | InputError::AllMasked => f.write_str("there are no tokens"),
        InputError::LengthMismatch => f.write_str("ids, token types and attention mask differ in length"),
        InputError::Position { index } => write!(f, "position {index} cannot be selected"),
        error => fmt::Display::fmt(&error, f),
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            #[cfg(feature = "std")]
            Self::Open { source, .. } | Self::Threads { source, .. } => Some(source),
            Self::Format(error) | Self::HeadFormat(error) => Some(error),
            Self::Checksum(error) => Some(error),
            Self::Encode(error) => Some(error),
            Self::Input { error, .. } => Some(error),
            Self::Row { error, .. } => Some(error),
            _ => None,
        }
    }
}
