//! Head files: a classifier for an encoder that is already on the device.

use super::bytes::u32_at;
use super::check::{Checker, MatrixLimits};
use super::config::check_calibration;
use super::layout::{HEAD_BYTES, HEAD_MAGIC, HEAD_VERSION, MAX_K, TENSOR_BYTES, dtype, head_field, role, section};
use super::record::Record;
use super::sections::{FileKind, Sections};
use super::strings::Strings;
use super::tensor::Linear;
use super::tensors;
use crate::config::{Classifier, Pooling, ProblemType};
use crate::error::{ConfigField, FormatError, TensorProblem};

const KIND: FileKind = FileKind {
    magic: HEAD_MAGIC,
    version: HEAD_VERSION,
    sections: &[
        section::HEAD,
        section::TENSORS,
        section::DATA,
        section::LABELS,
        section::PROVENANCE,
        section::SIGNATURE,
    ],
};

/// A classifier in a file of its own, checked once and used in place beside the model whose encoder it was made for.
///
/// See [`Session::set_head`](crate::Session::set_head).
#[derive(Clone, Copy, Debug)]
pub struct HeadFile<'a> {
    sections: Sections<'a>,
    head: &'a [u8],
    classifier: Classifier,
    matrix: Record,
    bias: Record,
    data: &'a [u8],
    labels: Strings<'a>,
    provenance: &'a str,
}

impl<'a> HeadFile<'a> {
    /// Checks the bytes of a head file completely, in time proportional to their number.
    ///
    /// The bytes must start at an address that is a multiple of 64. The checksum is not verified; see
    /// [`verify_checksum`](super::verify_checksum).
    ///
    /// # Errors
    /// [`FormatError`] names the first rule of the format that the bytes break.
    pub fn from_bytes(file: &'a [u8]) -> Result<Self, FormatError> {
        let sections = Sections::read(file, &KIND)?;
        let head = sections.require(section::HEAD)?;
        let classifier = read(head)?;
        let records = tensors::records(sections.require(section::TENSORS)?)?;
        let data = sections.require(section::DATA)?;
        let found = records.len() / TENSOR_BYTES;
        if found != 2 {
            return Err(FormatError::TensorCount { found: found as u32 });
        }
        let [matrix, bias] = [0, 1].map(|index| Record::read(records, index));
        check(&matrix, &bias, data, u32_at(head, head_field::WIDTH), classifier.num_labels)?;
        let Some(labels) = Strings::read_optional(sections.find(section::LABELS), classifier.num_labels) else {
            return Err(FormatError::Labels);
        };
        let provenance = sections.find(section::PROVENANCE).unwrap_or(&[]);
        let Ok(provenance) = core::str::from_utf8(provenance) else { return Err(FormatError::Provenance) };
        Ok(Self { sections, head, classifier, matrix, bias, data, labels, provenance })
    }

    /// The file itself.
    pub fn bytes(&self) -> &'a [u8] {
        self.sections.file()
    }

    #[cfg(feature = "signature")]
    pub(super) fn sections(&self) -> &Sections<'a> {
        &self.sections
    }

    /// Inputs of the classifier: the encoder's hidden size.
    pub fn width(&self) -> usize {
        u32_at(self.head, head_field::WIDTH) as usize
    }

    /// What the classifier reads, and how its logits become scores.
    pub fn classifier(&self) -> Classifier {
        self.classifier
    }

    /// Hash of the encoder that the head was made for; see [`Model::encoder_hash`](super::Model::encoder_hash).
    pub fn encoder_hash(&self) -> &'a [u8; 32] {
        super::bytes::array_at(self.head, head_field::ENCODER_HASH)
    }

    /// Name of label `index`, if the file has names.
    pub fn label(&self, index: usize) -> Option<&'a str> {
        self.labels.get(index)
    }

    /// Where the head comes from: JSON text, empty if the file does not say.
    pub fn provenance(&self) -> &'a str {
        self.provenance
    }

    /// Weights and bias.
    pub fn linear(&self) -> Linear<'a> {
        self.matrix.linear(&self.bias, self.data)
    }
}

/// Checks the section that describes the head.
fn read(head: &[u8]) -> Result<Classifier, FormatError> {
    if head.len() != HEAD_BYTES {
        return Err(FormatError::Truncated { needed: HEAD_BYTES as u64 });
    }
    let word = |at: usize| u32_at(head, at);
    let wrong = FormatError::Config;
    if !(1..=MAX_K).contains(&word(head_field::WIDTH)) {
        return Err(wrong(ConfigField::HiddenSize));
    }
    if !(1..=1 << 20).contains(&word(head_field::NUM_LABELS)) {
        return Err(wrong(ConfigField::NumLabels));
    }
    if head_field::RESERVED.step_by(4).any(|at| word(at) != 0) {
        return Err(FormatError::Reserved);
    }
    let problem_type = ProblemType::from_code(word(head_field::PROBLEM_TYPE));
    let problem_type = problem_type.ok_or(wrong(ConfigField::ProblemType))?;
    let pooling = Pooling::from_code(word(head_field::POOLING)).ok_or(wrong(ConfigField::Pooling))?;
    let (temperature, threshold) = (word(head_field::TEMPERATURE), word(head_field::THRESHOLD));
    check_calibration(temperature, threshold, problem_type)?;
    Ok(Classifier {
        num_labels: word(head_field::NUM_LABELS),
        problem_type,
        pooling,
        temperature: f32::from_bits(temperature),
        threshold: f32::from_bits(threshold),
    })
}

/// Checks the two tensors.
fn check(matrix: &Record, bias: &Record, data: &[u8], width: u32, labels: u32) -> Result<(), FormatError> {
    let mut checker = Checker::new(data);
    let limits = MatrixLimits {
        float_only: false,
        ocs_places: 0,
        smoothing: false,
        codebook: false,
        lookup: false,
        shares_input_of: None,
    };
    let in_order = |record: &Record, role: u16| record.role == role && record.block == 0;
    let matrix_result = match matrix.dtype {
        _ if !in_order(matrix, role::CLASSIFIER) => Err(TensorProblem::Order),
        dtype::F16 => Err(TensorProblem::Dtype),
        _ => checker.matrix(matrix, labels, width, &limits),
    };
    let tensor = |role: u16| move |problem| FormatError::Tensor { role, block: 0, problem };
    matrix_result.map_err(tensor(role::CLASSIFIER))?;
    let bias_result = match in_order(bias, role::CLASSIFIER_BIAS) {
        true => checker.vector(bias, labels),
        false => Err(TensorProblem::Order),
    };
    bias_result.map_err(tensor(role::CLASSIFIER_BIAS))
}
