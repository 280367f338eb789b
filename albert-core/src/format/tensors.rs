//! The table of tensor records, checked against the configuration.

use super::bytes::u32_at;
use super::check::{Checker, MatrixLimits};
use super::layout::{BLOCK_ROLES, EMBEDDING_ROLES, EXIT_ROLES, HEAD_ROLES, TABLE_HEADER_BYTES, TENSOR_BYTES, role};
use super::record::Record;
use super::shapes::{Shape, shape, wanted};
use crate::config::{Config, Head, Precision};
use crate::error::{FormatError, TensorProblem};

/// Records of a block.
const BLOCK_RECORDS: usize = (*BLOCK_ROLES.end() - *BLOCK_ROLES.start()) as usize + 1;
/// Records of one layer's exit.
const EXIT_RECORDS: usize = (*EXIT_ROLES.end() - *EXIT_ROLES.start()) as usize + 1;

/// The checked records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    records: &'a [u8],
    /// Records before the blocks.
    embeddings: usize,
    blocks: usize,
    /// Bit i: a tensor with role `POOLER + i` is present.
    present: u16,
    /// Layers that have an exit of their own: all but the last, or none.
    exits: usize,
}

/// The records of a section `TENS`, after the checks of its header and its length.
pub(super) fn records(section: &[u8]) -> Result<&[u8], FormatError> {
    let found = u32_at(section, 0);
    let truncated = FormatError::Truncated { needed: TABLE_HEADER_BYTES as u64 };
    let (header, records) = section.split_at_checked(TABLE_HEADER_BYTES).ok_or(truncated)?;
    if (4..TABLE_HEADER_BYTES).step_by(4).any(|at| u32_at(header, at) != 0) {
        return Err(FormatError::Reserved);
    }
    if records.len() as u64 != u64::from(found) * TENSOR_BYTES as u64 {
        return Err(FormatError::TensorCount { found });
    }
    Ok(records)
}

impl<'a> Table<'a> {
    /// Checks that the records are those that the configuration asks for, in order, each within the data section.
    pub(super) fn read(section: &'a [u8], data: &'a [u8], config: &Config) -> Result<Self, FormatError> {
        let records = records(section)?;
        let count = records.len() / TENSOR_BYTES;
        let untied = (0..count).any(|index| Record::read(records, index).role == role::MLM_DECODER);
        let tied = config.head.is_masked_lm() && !untied;
        let mut check = Walk { records, checker: Checker::new(data), config, tied, next: 0 };
        for role in EMBEDDING_ROLES {
            if wanted(role, config) {
                check.next(role, 0)?;
            }
        }
        let embeddings = check.next;
        let blocks = config.num_blocks() as usize;
        for block in 0..blocks {
            for role in BLOCK_ROLES {
                check.next(role, block as u16)?;
            }
        }
        let mut present = 0;
        for role in HEAD_ROLES {
            let optional = role == role::MLM_DECODER;
            if wanted(role, config) && (!optional || untied) {
                check.next(role, 0)?;
                present |= 1 << (role - role::POOLER);
            }
        }
        let may_exit = config.head == Head::SequenceClassification && check.next < count;
        let exits = if may_exit { config.num_hidden_layers.saturating_sub(1) as usize } else { 0 };
        if check.next + EXIT_RECORDS * exits != count {
            return Err(check.wrong_count());
        }
        for exit in 0..exits {
            for role in EXIT_ROLES {
                check.next(role, exit as u16)?;
            }
        }
        Ok(Self { records, embeddings, blocks, present, exits })
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
        let after_blocks = self.embeddings + BLOCK_RECORDS * self.blocks;
        let index = if usize::from(role) < self.embeddings {
            usize::from(role)
        } else if BLOCK_ROLES.contains(&role) {
            self.embeddings + BLOCK_RECORDS * block.min(self.blocks) + usize::from(role - role::QUERY)
        } else if self.has(role) {
            let before = self.present & ((1 << (role - role::POOLER)) - 1);
            after_blocks + before.count_ones() as usize
        } else if EXIT_ROLES.contains(&role) && block < self.exits {
            let exits = after_blocks + self.present.count_ones() as usize;
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

/// A walk through the records, each checked in turn.
struct Walk<'a> {
    records: &'a [u8],
    checker: Checker<'a>,
    config: &'a Config,
    /// The word embeddings are the masked-LM decoder, too.
    tied: bool,
    /// Records seen.
    next: usize,
}

impl Walk<'_> {
    fn wrong_count(&self) -> FormatError {
        FormatError::TensorCount { found: (self.records.len() / TENSOR_BYTES) as u32 }
    }

    /// Whether nothing is multiplied by a table. Word embeddings may keep a decoder's form after it is gone.
    fn is_lookup(&self, role: u16, record: &Record) -> bool {
        match role {
            role::MLM_DECODER => false,
            role::WORD_EMBEDDINGS => !self.tied && record.sums == 0,
            _ => true,
        }
    }

    /// Checks that the next record is that of `role` in `block`.
    fn next(&mut self, role: u16, block: u16) -> Result<(), FormatError> {
        let index = self.next;
        if index >= self.records.len() / TENSOR_BYTES {
            return Err(self.wrong_count());
        }
        self.next = index + 1;
        let record = Record::read(self.records, index);
        let config = self.config;
        let float_only = config.precision == Precision::Float;
        let storage = &config.storage;
        let result = match shape(role, config) {
            _ if record.role != role || record.block != block => Err(TensorProblem::Order),
            Shape::Vector(length) => self.checker.vector(&record, length),
            Shape::Table(rows, columns) => {
                let limits = MatrixLimits {
                    float_only,
                    ocs_places: 0,
                    smoothing: false,
                    codebook: storage.codebook,
                    lookup: self.is_lookup(role, &record),
                    shares_input_of: None,
                };
                self.checker.matrix(&record, rows, columns, &limits)
            }
            Shape::Linear(rows, columns) => {
                // Query, key and value read one quantized input.
                let distance = match role {
                    role::KEY | role::VALUE => usize::from(role - role::QUERY),
                    _ => 0,
                };
                let query = Record::read(self.records, index - distance);
                let limits = MatrixLimits {
                    float_only,
                    ocs_places: storage.ocs_places,
                    smoothing: storage.smoothing,
                    codebook: storage.codebook,
                    lookup: false,
                    shares_input_of: (distance > 0).then_some(&query),
                };
                self.checker.matrix(&record, rows, columns, &limits)
            }
        };
        result.map_err(|problem| FormatError::Tensor { role, block, problem })
    }
}
