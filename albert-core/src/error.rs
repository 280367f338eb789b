//! The errors of the core: one small `Copy` enum for each checked boundary.

use crate::tokenizer::TableError;
use core::error::Error;
use core::fmt::{Display, Formatter, Result};

/// What is wrong with the bytes of a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FormatError {
    /// The file is truncated: it needs at least `needed` bytes.
    Truncated {
        /// Bytes that the structure needs.
        needed: u64,
    },
    /// The first byte is not at an address that is a multiple of 64.
    Misaligned,
    /// The file does not start with the magic bytes.
    Magic,
    /// The version is not one that this library reads.
    Version(u32),
    /// The size in the header differs from that of the file.
    FileBytes {
        /// Size in the header, in bytes.
        stated: u64,
        /// Size of the file, in bytes.
        actual: u64,
    },
    /// A section lies outside the file, overlaps its predecessor, leaves a hole or is misaligned.
    Section {
        /// Its index in the directory.
        index: u32,
    },
    /// A required section has an unknown kind.
    UnknownSection(u32),
    /// A section of this kind occurs twice.
    DuplicateSection(u32),
    /// A required section is missing.
    MissingSection(u32),
    /// A reserved field is not zero.
    Reserved,
    /// A field of the configuration is out of range.
    Config(ConfigField),
    /// The number of tensors is not what the configuration asks for.
    TensorCount {
        /// Records in the file.
        found: u32,
    },
    /// A tensor record is wrong.
    Tensor {
        /// Role that belongs at this place.
        role: u16,
        /// Block.
        block: u16,
        /// What is wrong with it.
        problem: TensorProblem,
    },
    /// The label section is malformed or has another number of labels than the head.
    Labels,
    /// The tokenizer section is malformed.
    Tokenizer(TableError),
    /// The provenance section is not UTF-8.
    Provenance,
    /// The section of prompts is malformed.
    Prompts,
    /// This build of the library lacks the classifier's pooling: cargo feature `pooling`.
    NotCompiledIn,
}

/// Fields of the configuration section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum ConfigField {
    VocabSize,
    EmbeddingSize,
    HiddenSize,
    IntermediateSize,
    NumHiddenLayers,
    NumHiddenGroups,
    InnerGroupNum,
    NumAttentionHeads,
    MaxPositionEmbeddings,
    TypeVocabSize,
    HiddenAct,
    LayerNormEps,
    Precision,
    Head,
    EmbeddingMapping,
    Pooler,
    PoolerAct,
    NumLabels,
    ProblemType,
    Pooling,
    Temperature,
    Threshold,
    SentencePooling,
    SentenceNormalize,
    SentenceDense,
    MaxSequence,
    OcsPlaces,
    Smoothing,
    Codebook,
    Groups,
}

/// What can be wrong with a tensor record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TensorProblem {
    /// The record has another role or block.
    Order,
    /// The dtype is unknown or not allowed for this role and precision.
    Dtype,
    /// Rows or columns differ from the configuration.
    Shape,
    /// Data, scales, sums, split list or smoothing vector lie outside the data section, not behind what comes before them, or are
    /// misaligned.
    Bounds,
    /// The split list is not ascending, names a channel that does not exist, or is not allowed here.
    Splits,
    /// A smoothing vector is not allowed here, or the configuration does not announce it.
    Smoothing,
    /// Query, key and value differ in split list or smoothing vector.
    SharedInput,
    /// This build of the library lacks the dtype: cargo feature `float` or `codebook`.
    NotCompiledIn,
}

/// The checksum in the header differs from that of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ChecksumError {
    /// Checksum in the header.
    pub stated: u32,
    /// Checksum of the bytes.
    pub computed: u32,
}

/// Why a session cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SessionError {
    /// The plan was made for another configuration.
    PlanMismatch,
    /// The arena is too small by this many bytes.
    ArenaTooSmall {
        /// Bytes that are missing.
        missing: usize,
    },
    /// Early exit needs a head that chooses one label for the whole input.
    NoExit,
    /// The head file was made for another encoder than the model's.
    OtherEncoder,
    /// The plan has no room for the head file's labels; see [`Plan::with_labels`](crate::Plan::with_labels).
    HeadLabels {
        /// Labels of the head.
        labels: usize,
        /// Labels that the plan has room for.
        planned: usize,
    },
}

/// Why an input cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InputError {
    /// There are no ids.
    Empty,
    /// More ids than the session was planned for, or than the model has positions.
    TooLong {
        /// Ids given.
        tokens: usize,
        /// Ids allowed.
        limit: usize,
    },
    /// An id is not below the vocabulary size.
    Id {
        /// Index of the id.
        index: usize,
        /// The id.
        id: u32,
    },
    /// A token type is not below the number of token types.
    TokenType {
        /// Index of the token type.
        index: usize,
        /// The token type.
        token_type: u32,
    },
    /// Ids, token types and attention mask differ in length.
    LengthMismatch,
    /// The attention mask is zero everywhere.
    AllMasked,
    /// A listed position is masked, out of range, or listed twice.
    Position {
        /// Index in the list of positions.
        index: usize,
    },
    /// The number of layers is 0, exceeds that of the model, or differs from that of the first input of a batch.
    Layers,
    /// More inputs than the session was planned for.
    TooManySequences {
        /// Inputs allowed.
        limit: usize,
    },
    /// The inputs have more tokens together than the session was planned for.
    BatchTooLong {
        /// Tokens allowed, of all inputs.
        limit: usize,
    },
    /// Several inputs together with an exit policy, which works on one input at a time.
    ExitPolicy,
}

/// Says which of several inputs cannot be run, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BatchError {
    /// Index of the input.
    pub index: usize,
    /// What is wrong with it.
    pub error: InputError,
}

impl Display for FormatError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Truncated { needed } => write!(f, "the file ends early: at least {needed} bytes are needed"),
            Self::Misaligned => f.write_str("the file's first byte is not at an address that is a multiple of 64"),
            Self::Magic => f.write_str("the file is not a model file: it does not start with the magic bytes"),
            Self::Version(version) => {
                let known = crate::format::layout::VERSION;
                write!(f, "the file has format version {version}; this library reads model files of version {known}")
            }
            Self::FileBytes { stated, actual } => {
                write!(f, "the header says {stated} bytes, the file has {actual}")
            }
            Self::Section { index } => {
                write!(f, "section {index} is outside the file, misaligned, or not right behind the section before it")
            }
            Self::UnknownSection(kind) => write!(f, "section kind {kind} is required and unknown"),
            Self::DuplicateSection(kind) => write!(f, "section kind {kind} occurs twice"),
            Self::MissingSection(kind) => write!(f, "section kind {kind} is missing"),
            Self::Reserved => f.write_str("a reserved field is not zero"),
            Self::Config(field) => write!(f, "{field} in the configuration has an impossible value"),
            Self::TensorCount { found } => {
                write!(f, "{found} tensors are in the file, which the configuration does not ask for")
            }
            Self::Tensor { role, block, problem } => write!(f, "tensor of role {role} in block {block}: {problem}"),
            Self::Labels => f.write_str("the labels are malformed, or not as many as the head has"),
            Self::Tokenizer(error) => write!(f, "tokenizer: {error}"),
            Self::Provenance => f.write_str("the provenance is not UTF-8"),
            Self::Prompts => f.write_str("the prompts are malformed"),
            Self::NotCompiledIn => {
                f.write_str("this build has no code for what the classifier reads (cargo feature `pooling`)")
            }
        }
    }
}

impl Display for ConfigField {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::VocabSize => "vocab_size",
            Self::EmbeddingSize => "embedding_size",
            Self::HiddenSize => "hidden_size",
            Self::IntermediateSize => "intermediate_size",
            Self::NumHiddenLayers => "num_hidden_layers",
            Self::NumHiddenGroups => "num_hidden_groups",
            Self::InnerGroupNum => "inner_group_num",
            Self::NumAttentionHeads => "num_attention_heads",
            Self::MaxPositionEmbeddings => "max_position_embeddings",
            Self::TypeVocabSize => "type_vocab_size",
            Self::HiddenAct => "hidden_act",
            Self::LayerNormEps => "layer_norm_eps",
            Self::Precision => "precision",
            Self::Head => "head",
            Self::Pooler => "pooler",
            Self::NumLabels => "num_labels",
            Self::ProblemType => "problem_type",
            Self::EmbeddingMapping => "embedding mapping",
            Self::PoolerAct => "activation of the pooler",
            Self::Pooling => "pooling",
            Self::Temperature => "temperature",
            Self::Threshold => "threshold",
            Self::SentencePooling => "pooling of embeddings",
            Self::SentenceNormalize => "normalization of embeddings",
            Self::SentenceDense => "dense layer of embeddings",
            Self::MaxSequence => "longest input",
            Self::OcsPlaces => "OCS places",
            Self::Smoothing => "smoothing",
            Self::Codebook => "codebook",
            Self::Groups => "the list of groups",
        })
    }
}

impl Display for TensorProblem {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Order => "another tensor stands in its place",
            Self::Dtype => "its dtype is unknown or not allowed here",
            Self::Shape => "its shape is not what the configuration says",
            Self::Bounds => "its bytes lie outside the data section or are misaligned",
            Self::Splits => "its list of split channels is not ascending, out of range, or not allowed here",
            Self::Smoothing => "its smoothing vector is not allowed here, or the configuration does not announce it",
            Self::SharedInput => "query, key and value differ in split channels or smoothing vector",
            Self::NotCompiledIn => "this build has no code for its dtype (cargo feature `float` or `codebook`)",
        })
    }
}

impl Display for ChecksumError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "the header states checksum {:08x}, the bytes have {:08x}", self.stated, self.computed)
    }
}

impl Display for SessionError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::PlanMismatch => f.write_str("the plan was made for another configuration"),
            Self::ArenaTooSmall { missing } => write!(f, "the arena is {missing} bytes too small"),
            Self::NoExit => f.write_str("early exit needs a head that chooses one label for the whole input"),
            Self::OtherEncoder => f.write_str("the head was made for another encoder"),
            Self::HeadLabels { labels, planned } => {
                write!(f, "the head has {labels} labels, and the plan has room for {planned}")
            }
        }
    }
}

impl Display for InputError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Empty => f.write_str("there are no ids"),
            Self::TooLong { tokens, limit } => write!(f, "{tokens} tokens, but at most {limit} are allowed"),
            Self::Id { index, id } => write!(f, "id {id} at index {index} is beyond the vocabulary"),
            Self::TokenType { index, token_type } => {
                write!(f, "token type {token_type} at index {index} is beyond those that the model has")
            }
            Self::LengthMismatch => f.write_str("ids, token types and attention mask differ in length"),
            Self::AllMasked => f.write_str("the attention mask is zero everywhere"),
            Self::Position { index } => {
                write!(f, "position {index} of the list is masked, out of range, or listed twice")
            }
            Self::Layers => {
                f.write_str("the number of layers is 0, more than the model has, or another than the first input's")
            }
            Self::TooManySequences { limit } => write!(f, "more than the {limit} inputs that were planned for"),
            Self::BatchTooLong { limit } => write!(f, "more than {limit} tokens in all"),
            Self::ExitPolicy => f.write_str("early exit looks at one input at a time"),
        }
    }
}

impl Display for BatchError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "input {}: {}", self.index, self.error)
    }
}

impl Error for FormatError {}
impl Error for ChecksumError {}
impl Error for SessionError {}
impl Error for InputError {}
impl Error for BatchError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn errors_are_sentences() {
        let problem = TensorProblem::Shape;
        let tensor = FormatError::Tensor { role: 16, block: 2, problem };
        assert_eq!(format!("{tensor}"), "tensor of role 16 in block 2: its shape is not what the configuration says");
        assert_eq!(
            format!("{}", FormatError::Config(ConfigField::HiddenAct)),
            "hidden_act in the configuration has an impossible value"
        );
        assert_eq!(format!("{}", SessionError::ArenaTooSmall { missing: 64 }), "the arena is 64 bytes too small");
        assert_eq!(format!("{}", InputError::TooLong { tokens: 9, limit: 8 }), "9 tokens, but at most 8 are allowed");
    }
}
