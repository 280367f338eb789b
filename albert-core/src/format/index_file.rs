//! Index files: embeddings of many texts as one int8 matrix, so that a search is one product.

use super::bytes::{array_at, u32_at};
use super::check::{Checker, MatrixLimits};
use super::layout::{INDEX_BYTES, INDEX_MAGIC, INDEX_VERSION, MAX_K, TENSOR_BYTES, dtype, index_field, role, section};
use super::record::Record;
use super::sections::{FileKind, Sections};
use super::strings::Strings;
use super::tensor::Matrix;
use super::tensors;
use crate::error::{ConfigField, FormatError, TensorProblem};

const KIND: FileKind = FileKind {
    magic: INDEX_MAGIC,
    version: INDEX_VERSION,
    sections: &[
        section::INDEX,
        section::TENSORS,
        section::DATA,
        section::LABELS,
        section::PROVENANCE,
        section::SIGNATURE,
    ],
};
/// Most texts of an index.
const MOST_TEXTS: u32 = 1 << 24;

/// Embeddings of texts, checked once and used in place.
///
/// An entry's score for a query is the int8 product of both: exact, and the same bits on every machine. See
/// [`Search`](crate::heads::Search).
#[derive(Clone, Copy, Debug)]
pub struct IndexFile<'a> {
    sections: Sections<'a>,
    description: &'a [u8],
    vectors: Record,
    data: &'a [u8],
    texts: Strings<'a>,
}

impl<'a> IndexFile<'a> {
    /// Checks the bytes of an index file completely, texts included, in time proportional to their number.
    ///
    /// The bytes must start at an address that is a multiple of 64. The checksum is not verified; see
    /// [`verify_checksum`](super::verify_checksum).
    ///
    /// # Errors
    /// [`FormatError`] names the first rule of the format that the bytes break.
    pub fn from_bytes(file: &'a [u8]) -> Result<Self, FormatError> {
        let sections = Sections::read(file, &KIND)?;
        let description = sections.require(section::INDEX)?;
        if description.len() != INDEX_BYTES {
            return Err(FormatError::Truncated { needed: INDEX_BYTES as u64 });
        }
        let word = |at: usize| u32_at(description, at);
        let (width, count) = (word(index_field::WIDTH), word(index_field::COUNT));
        if !(1..=MAX_K).contains(&width) {
            return Err(FormatError::Config(ConfigField::HiddenSize));
        }
        if !(1..=MOST_TEXTS).contains(&count) {
            return Err(FormatError::Config(ConfigField::NumLabels));
        }
        if index_field::RESERVED.step_by(4).any(|at| word(at) != 0) {
            return Err(FormatError::Reserved);
        }
        let records = tensors::records(sections.require(section::TENSORS)?)?;
        let data = sections.require(section::DATA)?;
        let found = records.len() / TENSOR_BYTES;
        if found != 1 {
            return Err(FormatError::TensorCount { found: found as u32 });
        }
        let vectors = Record::read(records, 0);
        check(&vectors, data, count, width).map_err(|problem| FormatError::Tensor {
            role: role::VECTORS,
            block: 0,
            problem,
        })?;
        let texts = match sections.find(section::LABELS) {
            Some(section) => Strings::read(section, count).ok_or(FormatError::Labels)?,
            None => Strings::NONE,
        };
        Ok(Self { sections, description, vectors, data, texts })
    }

    /// The file itself.
    pub fn bytes(&self) -> &'a [u8] {
        self.sections.file()
    }

    /// Number of entries.
    pub fn count(&self) -> usize {
        u32_at(self.description, index_field::COUNT) as usize
    }

    /// Elements of an embedding.
    pub fn width(&self) -> usize {
        u32_at(self.description, index_field::WIDTH) as usize
    }

    /// Text of an entry, when the file has the texts.
    pub fn text(&self, index: usize) -> Option<&'a str> {
        self.texts.get(index)
    }

    /// Hash of the encoder that made the embeddings; see [`Model::encoder_hash`](super::Model::encoder_hash).
    pub fn encoder_hash(&self) -> &'a [u8; 32] {
        array_at(self.description, index_field::ENCODER_HASH)
    }

    /// The embeddings: a row an entry.
    pub fn vectors(&self) -> Matrix<'a> {
        self.vectors.matrix(self.data)
    }

    #[cfg(feature = "signature")]
    pub(super) fn sections(&self) -> &Sections<'a> {
        &self.sections
    }
}

fn check(vectors: &Record, data: &[u8], count: u32, width: u32) -> Result<(), TensorProblem> {
    let limits = MatrixLimits {
        float_only: false,
        ocs_places: 0,
        smoothing: false,
        codebook: false,
        lookup: false,
        shares_input_of: None,
    };
    if vectors.role != role::VECTORS || vectors.block != 0 {
        return Err(TensorProblem::Order);
    }
    if vectors.dtype != dtype::I8 {
        return Err(TensorProblem::Dtype);
    }
    Checker::new(data).matrix(vectors, count, width, &limits)
}
