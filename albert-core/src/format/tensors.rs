//! The table of tensor records, checked against the configuration.

use super::bytes::u32_at;
use super::layout::{BLOCK_ROLES, EMBEDDING_ROLES, EXIT_ROLES, TENSOR_BYTES, role};
use super::tensor::{DataRange, MatrixLimits, Record};
use crate::config::{Config, Head, Precision};
use crate::error::{FormatError, TensorProblem};

/// Records before the blocks.
const EMBEDDING_RECORDS: usize = (*EMBEDDING_ROLES.end() - *EMBEDDING_ROLES.start()) as usize + 1;
/// Records of a block.
const BLOCK_RECORDS: usize = (*BLOCK_ROLES.end() - *BLOCK_ROLES.start()) as usize + 1;
/// Records of one layer's exit.
const EXIT_RECORDS: usize = (*EXIT_ROLES.end() - *EXIT_ROLES.start()) as usize + 1;
/// Roles after the blocks, but for the exits.
const HEAD_ROLES: core::ops::RangeInclusive<u16> = role::POOLER..=role::SENTENCE_ORDER_BIAS;
/// Bytes before the first record.
const TABLE_HEADER: usize = 64;

/// The checked records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    records: &'a [u8],
    blocks: usize,
    /// Bit i: a tensor with role `POOLER + i` is present.
    present: u16,
    /// Layers that have an exit of their own: all but the last, or none.
    exits: usize,
}

impl<'a> Table<'a> {
    /// Checks that the records are those that the configuration asks for, in order, each within the data section.
    pub(super) fn read(
        file: &'a [u8],
        section: &'a [u8],
        data: DataRange,
        config: &Config,
    ) -> Result<Self, FormatError> {
        let found = u32_at(section, 0);
        let (header, records) =
            section.split_at_checked(TABLE_HEADER).ok_or(FormatError::Truncated { needed: TABLE_HEADER as u64 })?;
        if (4..TABLE_HEADER).step_by(4).any(|at| u32_at(header, at) != 0) {
            return Err(FormatError::Reserved);
        }
        if records.len() as u64 != u64::from(found) * TENSOR_BYTES as u64 {
            return Err(FormatError::TensorCount { found });
        }
        let blocks = config.num_blocks() as usize;
        let fixed = EMBEDDING_RECORDS + BLOCK_RECORDS * blocks;
        if (found as usize) < fixed {
            return Err(FormatError::TensorCount { found });
        }
        let untied = (0..found as usize).any(|index| Record::read(records, index).role == role::MLM_DECODER);
        let checker = Checker { file, records, data, config, tied: config.head.is_masked_lm() && !untied };
        for role in EMBEDDING_ROLES {
            checker.check(usize::from(role), role, 0)?;
        }
        for block in 0..blocks {
            let first = EMBEDDING_RECORDS + BLOCK_RECORDS * block;
            for role in BLOCK_ROLES {
                checker.check(first + usize::from(role - role::QUERY), role, block as u16)?;
            }
            checker.check_shared_input(first, block as u16)?;
        }
        let (mut index, mut present) = (fixed, 0);
        for role in HEAD_ROLES {
            let optional = role == role::MLM_DECODER && wanted(role, config);
            let here = index < found as usize && Record::read(records, index).role == role;
            if (optional && here) || (!optional && wanted(role, config)) {
                if index >= found as usize {
                    return Err(FormatError::TensorCount { found });
                }
                checker.check(index, role, 0)?;
                present |= 1 << (role - role::POOLER);
                index += 1;
            }
        }
        let may_exit = config.head == Head::SequenceClassification && index < found as usize;
        let exits = if may_exit { config.num_hidden_layers.saturating_sub(1) as usize } else { 0 };
        if index + EXIT_RECORDS * exits != found as usize {
            return Err(FormatError::TensorCount { found });
        }
        for exit in 0..exits {
            for role in EXIT_ROLES {
                let at = index + EXIT_RECORDS * exit + usize::from(role - role::EXIT_CLASSIFIER);
                checker.check(at, role, exit as u16)?;
            }
        }
        Ok(Self { records, blocks, present, exits })
    }

    /// Layers that have an exit of their own.
    pub(super) fn exits(&self) -> usize {
        self.exits
    }

    /// Whether the tensor of a role after the blocks is present.
    pub(super) fn has(&self, role: u16) -> bool {
        HEAD_ROLES.contains(&role) && self.present >> (role - role::POOLER) & 1 == 1
    }

    /// The record of a role that the configuration asks for; any other is all zero, an empty tensor.
    pub(super) fn find(&self, role: u16, block: usize) -> Record {
        let index = if EMBEDDING_ROLES.contains(&role) {
            usize::from(role)
        } else if BLOCK_ROLES.contains(&role) {
            EMBEDDING_RECORDS + BLOCK_RECORDS * block.min(self.blocks) + usize::from(role - role::QUERY)
        } else if self.has(role) {
            let before = self.present & ((1 << (role - role::POOLER)) - 1);
            EMBEDDING_RECORDS + BLOCK_RECORDS * self.blocks + before.count_ones() as usize
        } else if EXIT_ROLES.contains(&role) && block < self.exits {
            let exits = EMBEDDING_RECORDS + BLOCK_RECORDS * self.blocks + self.present.count_ones() as usize;
            exits + EXIT_RECORDS * block + usize::from(role - role::EXIT_CLASSIFIER)
        } else {
            self.records.len() / TENSOR_BYTES
        };
        Record::read(self.records, index)
    }

    /// All records in file order.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> + use<'a> {
        let records = self.records;
        (0..records.len() / TENSOR_BYTES).map(move |index| Record::read(records, index))
    }
}

/// Whether a head tensor belongs to this configuration. The decoder is optional: it may be tied.
fn wanted(role: u16, config: &Config) -> bool {
    let masked_lm = config.head.is_masked_lm();
    match role {
        role::POOLER | role::POOLER_BIAS => config.pooler,
        role::CLASSIFIER | role::CLASSIFIER_BIAS => !masked_lm && config.head != Head::None,
        role::SENTENCE_ORDER | role::SENTENCE_ORDER_BIAS => config.head == Head::PreTraining,
        _ => masked_lm,
    }
}

/// What a tensor of some role must be.
enum Shape {
    Vector(u32),
    /// Rows and columns of an embedding table: no extra slots, no smoothing.
    Table(u32, u32),
    /// Rows and columns of a linear.
    Linear(u32, u32),
}

fn shape(role: u16, config: &Config) -> Shape {
    use Shape::{Linear, Table, Vector};
    let (vocabulary, embedding, hidden) = (config.vocab_size, config.embedding_size, config.hidden_size);
    let (intermediate, labels) = (config.intermediate_size, config.num_labels);
    match role {
        role::WORD_EMBEDDINGS | role::MLM_DECODER => Table(vocabulary, embedding),
        role::POSITION_EMBEDDINGS => Table(config.max_position_embeddings, embedding),
        role::TOKEN_TYPE_EMBEDDINGS => Table(config.type_vocab_size, embedding),
        role::EMBEDDING_NORM_WEIGHT
        | role::EMBEDDING_NORM_BIAS
        | role::MLM_DENSE_BIAS
        | role::MLM_NORM_WEIGHT
        | role::MLM_NORM_BIAS => Vector(embedding),
        role::EMBEDDING_MAPPING => Linear(hidden, embedding),
        role::FFN => Linear(intermediate, hidden),
        role::FFN_BIAS => Vector(intermediate),
        role::FFN_OUTPUT => Linear(hidden, intermediate),
        role::QUERY | role::KEY | role::VALUE | role::ATTENTION_OUTPUT | role::POOLER => Linear(hidden, hidden),
        role::CLASSIFIER | role::SENTENCE_ORDER | role::EXIT_CLASSIFIER => Linear(labels, hidden),
        role::CLASSIFIER_BIAS | role::SENTENCE_ORDER_BIAS | role::EXIT_CLASSIFIER_BIAS => Vector(labels),
        role::MLM_DENSE => Linear(embedding, hidden),
        role::MLM_DECODER_BIAS => Vector(vocabulary),
        _ => Vector(hidden),
    }
}

/// Whether the tensor of a role is a vector.
pub(super) fn is_vector(role: u16) -> bool {
    // What it is does not depend on the sizes.
    matches!(shape(role, &Config::BASE), Shape::Vector(_))
}

struct Checker<'a> {
    file: &'a [u8],
    records: &'a [u8],
    data: DataRange,
    config: &'a Config,
    /// The word embeddings are the masked-LM decoder, too.
    tied: bool,
}

impl Checker<'_> {
    fn check(&self, index: usize, role: u16, block: u16) -> Result<(), FormatError> {
        let record = Record::read(self.records, index);
        let float_only = self.config.precision == Precision::Float;
        let result = match shape(role, self.config) {
            _ if record.role != role || record.block != block => Err(TensorProblem::Order),
            Shape::Vector(length) => record.check_vector(length, self.data),
            Shape::Table(rows, columns) => {
                let lookup = role != role::MLM_DECODER && !(role == role::WORD_EMBEDDINGS && self.tied);
                let codebook = self.config.codebook;
                let limits = MatrixLimits { float_only, most_extra: 0, smoothing: false, codebook, lookup };
                record.check_matrix(rows, columns, &limits, self.file, self.data)
            }
            Shape::Linear(rows, columns) => {
                let config = self.config;
                let limits = MatrixLimits {
                    float_only,
                    most_extra: config.max_extra_slots,
                    smoothing: config.smoothing,
                    codebook: config.codebook,
                    lookup: false,
                };
                record.check_matrix(rows, columns, &limits, self.file, self.data)
            }
        };
        result.map_err(|problem| FormatError::Tensor { role, block, problem })
    }

    /// Query, key and value read one quantized input: same split list, same smoothing vector.
    fn check_shared_input(&self, first: usize, block: u16) -> Result<(), FormatError> {
        let record = |role: u16| Record::read(self.records, first + usize::from(role - role::QUERY));
        let query = record(role::QUERY);
        for role in [role::KEY, role::VALUE] {
            let other = record(role);
            let same = (other.extra, other.splits, other.smoothing) == (query.extra, query.splits, query.smoothing);
            if !same {
                return Err(FormatError::Tensor { role, block, problem: TensorProblem::SharedInput });
            }
        }
        Ok(())
    }
}
