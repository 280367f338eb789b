//! The checked model: typed views that cannot fail.

use super::bytes::{array_at, u16_at, u32_at};
use super::layout::{CONFIG_BYTES, MAGIC, VERSION, field, role, section};
use super::prompts::Prompts;
use super::record::Record;
use super::sections::{FileKind, Sections};
use super::strings::Strings;
use super::tensor::{Elements, Linear, Matrix, Norm};
use super::tensors;
use crate::config::{Activation, Classifier, Config, Head, SentenceEmbedding};
use crate::error::FormatError;
use crate::tokenizer::Tokenizer;

const KIND: FileKind = FileKind {
    magic: MAGIC,
    version: VERSION,
    sections: &[
        section::CONFIG,
        section::TENSORS,
        section::DATA,
        section::LABELS,
        section::TOKENIZER,
        section::PROMPTS,
        section::PROVENANCE,
        section::SIGNATURE,
    ],
};

/// A model file, checked once and used in place.
///
/// Every accessor returns a view into the file's bytes; none can fail.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    sections: Sections<'a>,
    config: Config,
    config_section: &'a [u8],
    tensors: tensors::Table<'a>,
    data: &'a [u8],
    labels: Strings<'a>,
    tokenizer: Option<Tokenizer<'a>>,
    prompts: Prompts<'a>,
    provenance: &'a str,
}

impl<'a> Model<'a> {
    /// Checks the bytes of a model file completely, in time proportional to their number.
    ///
    /// The bytes must start at an address that is a multiple of 64. The checksum is not verified; see
    /// [`verify_checksum`](super::verify_checksum).
    ///
    /// # Errors
    /// [`FormatError`] names the first rule of the format that the bytes break.
    pub fn from_bytes(file: &'a [u8]) -> Result<Self, FormatError> {
        let sections = Sections::read(file, &KIND)?;
        let config_section = sections.require(section::CONFIG)?;
        let config = super::config::read(config_section)?;
        let data = sections.require(section::DATA)?;
        let tensors = tensors::Table::read(sections.require(section::TENSORS)?, data, &config)?;
        let Some(labels) = Strings::read_optional(sections.find(section::LABELS), config.num_labels) else {
            return Err(FormatError::Labels);
        };
        let tokenizer = match sections.find(section::TOKENIZER) {
            Some(section) => Some(Tokenizer::parse(section).map_err(FormatError::Tokenizer)?),
            None => None,
        };
        let prompts = Prompts::read(sections.find(section::PROMPTS))?;
        let provenance = sections.find(section::PROVENANCE).unwrap_or(&[]);
        let Ok(provenance) = core::str::from_utf8(provenance) else { return Err(FormatError::Provenance) };
        Ok(Self { sections, config, config_section, tensors, data, labels, tokenizer, prompts, provenance })
    }

    /// The file itself.
    pub fn bytes(&self) -> &'a [u8] {
        self.sections.file()
    }

    #[cfg(feature = "signature")]
    pub(super) fn sections(&self) -> &Sections<'a> {
        &self.sections
    }

    /// The bytes of a section, by its [kind](section), if the file has it.
    pub fn section(&self, kind: u32) -> Option<&'a [u8]> {
        self.sections.find(kind)
    }

    /// The network's geometry and head.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The tokenizer, if the file has one.
    pub fn tokenizer(&self) -> Option<Tokenizer<'a>> {
        self.tokenizer
    }

    /// Name of label `index`, if the file has names.
    pub fn label(&self, index: usize) -> Option<&'a str> {
        self.labels.get(index)
    }

    /// Where the model comes from: JSON text, empty if the file does not say.
    pub fn provenance(&self) -> &'a str {
        self.provenance
    }

    /// What a classifier of whole inputs reads, and how its logits become scores; `None` for a model with another head.
    pub fn classifier(&self) -> Option<Classifier> {
        let config = &self.config;
        let float = |at: usize| f32::from_bits(u32_at(self.config_section, at));
        (config.head == Head::SequenceClassification).then(|| Classifier {
            num_labels: config.num_labels,
            problem_type: config.problem_type,
            pooling: config.pooling,
            temperature: float(field::TEMPERATURE),
            threshold: float(field::THRESHOLD),
        })
    }

    /// How embeddings of texts are made, if the file says so. [`SentenceEmbedding::DEFAULT`] is a good choice otherwise.
    pub fn sentence_embedding(&self) -> Option<SentenceEmbedding> {
        super::config::sentence_embedding(self.config_section, &self.config)
    }

    /// Longest input that the model was made for, in tokens, special tokens included; `None` if that is its number of positions.
    pub fn max_sequence(&self) -> Option<u32> {
        Some(u32_at(self.config_section, field::MAX_SEQUENCE)).filter(|&tokens| tokens > 0)
    }

    /// Texts to put before inputs.
    pub fn prompts(&self) -> Prompts<'a> {
        self.prompts
    }

    /// Hash of everything that the hidden states and the pooled output depend on; `docs/format.md` lists the bytes. It ties head files
    /// to the model. It is read from the file and not recomputed.
    pub fn encoder_hash(&self) -> &'a [u8; 32] {
        array_at(self.config_section, field::ENCODER_HASH)
    }

    /// The tensor records in file order.
    pub fn tensors(&self) -> impl Iterator<Item = Record> + use<'a> {
        self.tensors.records()
    }

    /// Number of block runs of an inference: layers times blocks in a group.
    pub fn block_runs(&self) -> usize {
        self.config.num_hidden_layers as usize * self.config.inner_group_num as usize
    }

    /// The block of run `index`, from 0; 0 beyond the last run.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn block_of(&self, index: usize) -> usize {
        let inner_groups = (self.config.inner_group_num as usize).max(1);
        let group = u16_at(self.config_section, CONFIG_BYTES + 2 * (index / inner_groups));
        usize::from(group) * inner_groups + index % inner_groups
    }

    /// Whether every layer has a classifier of its own for early exit. Otherwise one classifier serves all layers.
    pub fn has_exits(&self) -> bool {
        self.tensors.exits() > 0
    }

    /// The elements of a tensor, by its record in this file.
    pub fn elements(&self, record: &Record) -> Elements<'a> {
        record.elements(self.data)
    }

    /// The bytes of a tensor, by its record in this file: data, scales, sums, split list, smoothing vector. A part that the tensor
    /// does not have is empty.
    pub fn parts(&self, record: &Record) -> [&'a [u8]; 5] {
        record.parts(self.data)
    }

    /// Activation of the pooler.
    pub(crate) fn pooler_act(&self) -> Activation {
        Activation::from_code(u32_at(self.config_section, field::POOLER_ACT)).unwrap_or(Activation::Tanh)
    }

    /// Role and block of the classifier over the pooled output after `layers` layers.
    pub(crate) fn exit_classifier(&self, layers: usize) -> (u16, usize) {
        let exit = layers.saturating_sub(1);
        if exit < self.tensors.exits() { (role::EXIT_CLASSIFIER, exit) } else { (role::CLASSIFIER, 0) }
    }

    /// The embedding table of this role.
    pub(crate) fn matrix(&self, role: u16) -> Matrix<'a> {
        self.tensors.find(role, 0).matrix(self.data)
    }

    /// The matrix of `role` in `block` (0 for a role outside the blocks) and the bias that follows it.
    pub(crate) fn linear(&self, role: u16, block: usize) -> Linear<'a> {
        self.tensors.find(role, block).linear(&self.tensors.find(role + 1, block), self.data)
    }

    /// The layer norm whose weight has this role.
    pub(crate) fn norm(&self, role: u16, block: usize) -> Norm<'a> {
        let weight = self.tensors.find(role, block).vector(self.data);
        Norm { weight, bias: self.tensors.find(role + 1, block).vector(self.data) }
    }

    /// The masked-LM decoder: its own matrix, or the word embeddings that it is tied to.
    pub(crate) fn decoder(&self) -> Linear<'a> {
        let tied = !self.tensors.has(role::MLM_DECODER);
        let matrix = self.matrix(if tied { role::WORD_EMBEDDINGS } else { role::MLM_DECODER });
        Linear { matrix, bias: self.tensors.find(role::MLM_DECODER_BIAS, 0).vector(self.data) }
    }
}
