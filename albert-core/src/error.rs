//! The errors of the core: one small `Copy` enum per door.

use crate::tokenizer::TableError;

/// What is wrong with the bytes of a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes end before the structure that they announce; `needed` of them at least.
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
    /// The header states another size than the file has.
    FileBytes {
        /// Bytes by the header.
        stated: u64,
        /// Bytes at hand.
        actual: u64,
    },
    /// A section lies outside the file, overlaps its predecessor, leaves a hole or is misaligned.
    Section {
        /// Its index in the directory.
        index: u32,
    },
    /// A section of unknown kind that must be understood.
    UnknownSection(u32),
    /// A section of this kind occurs twice.
    DuplicateSection(u32),
    /// A required section is missing.
    MissingSection(u32),
    /// A reserved field is not zero.
    Reserved,
    /// A field of the configuration is impossible.
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
}

/// Fields of the configuration section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(missing_docs)]
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
    Pooler,
    NumLabels,
    ProblemType,
    MaxExtraSlots,
    Smoothing,
    Codebook,
    Groups,
}

/// What can be wrong with a tensor record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TensorProblem {
    /// Another role or block stands here.
    Order,
    /// The dtype is unknown or not allowed for this role and precision.
    Dtype,
    /// Rows or columns differ from the configuration.
    Shape,
    /// Data, scales, sums, split list or smoothing vector lie outside the data section or are misaligned.
    Bounds,
    /// The split list is not ascending, names a channel that does not exist, or is not allowed here.
    Splits,
    /// A smoothing vector is not allowed here, or the configuration does not announce it.
    Smoothing,
    /// Query, key and value differ in split list or smoothing vector.
    SharedInput,
    /// This build of the library has no code for the dtype: cargo feature `float` or `codebook`.
    LeftOut,
}

/// The checksum in the header differs from that of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ChecksumError {
    /// Checksum by the header.
    pub stated: u32,
    /// Checksum of the bytes.
    pub computed: u32,
}

/// Why a session cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
}

/// Why an input cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    Lengths,
    /// The attention mask is zero everywhere.
    NothingAttended,
    /// A listed position is masked, out of range, or listed twice.
    Position {
        /// Index in the list of positions.
        index: usize,
    },
    /// More layers asked for than the model has, or none.
    Layers,
}

macro_rules! is_error { ($($name:ty),*) => { $(
    impl core::fmt::Display for $name {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            core::fmt::Debug::fmt(self, f)
        }
    }
    impl core::error::Error for $name {}
)* } }
is_error!(FormatError, ChecksumError, SessionError, InputError);
