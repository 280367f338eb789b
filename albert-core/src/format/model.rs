//! The checked model: typed views that cannot fail.

use super::bytes::u16_at;
use super::layout::{CONFIG_BYTES, HEADER_BYTES, role};
use super::sections::Sections;
use super::tensor::{Elements, Linear, Matrix, Norm, Record};
use super::{labels::Labels, tensors};
use crate::config::Config;
use crate::error::{ChecksumError, FormatError};
use crate::tokenizer::Tokenizer;

/// A model file, checked once and used in place.
///
/// Every accessor returns a view into the file's bytes; none can fail.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    file: &'a [u8],
    config: Config,
    config_section: &'a [u8],
    tensors: tensors::Table<'a>,
    labels: Labels<'a>,
    tokenizer: Option<Tokenizer<'a>>,
    provenance: &'a str,
}

impl<'a> Model<'a> {
    /// Checks the bytes of a model file completely, in time proportional to the number of tensors.
    ///
    /// The bytes must start at an address that is a multiple of 64. The checksum is not looked at; see
    /// [`verify_checksum`].
    ///
    /// # Errors
    /// The first rule of `docs/format.md` that the bytes break.
    pub fn from_bytes(file: &'a [u8]) -> Result<Self, FormatError> {
        let sections = Sections::read(file)?;
        let config = super::config::read(sections.config)?;
        let tensors = tensors::Table::read(file, sections.tensors, sections.data, &config)?;
        let labels = Labels::read(sections.labels, &config)?;
        let tokenizer = match sections.tokenizer {
            Some(section) => Some(Tokenizer::parse(section).map_err(FormatError::Tokenizer)?),
            None => None,
        };
        let provenance = core::str::from_utf8(sections.provenance).map_err(|_| FormatError::Provenance)?;
        Ok(Self { file, config, config_section: sections.config, tensors, labels, tokenizer, provenance })
    }

    /// The file itself.
    pub fn bytes(&self) -> &'a [u8] {
        self.file
    }

    /// The network's geometry and head.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The tokenizer, when the file has one.
    pub fn tokenizer(&self) -> Option<Tokenizer<'a>> {
        self.tokenizer
    }

    /// Name of label `index`, when the file names it.
    pub fn label(&self, index: usize) -> Option<&'a str> {
        self.labels.name(index)
    }

    /// Where the model comes from: JSON text, empty when the file does not say.
    pub fn provenance(&self) -> &'a str {
        self.provenance
    }

    /// The tensor records in file order.
    pub fn tensors(&self) -> impl Iterator<Item = Record> + use<'a> {
        self.tensors.records()
    }

    /// Applications of a block: layers times blocks in a group.
    pub fn applications(&self) -> usize {
        self.config.num_hidden_layers as usize * self.config.inner_group_num as usize
    }

    /// The block that application `index` runs; 0 beyond the last.
    pub fn block_of(&self, index: usize) -> usize {
        let inner_groups = (self.config.inner_group_num as usize).max(1);
        let group = u16_at(self.config_section, CONFIG_BYTES + 2 * (index / inner_groups));
        usize::from(group) * inner_groups + index % inner_groups
    }

    /// Whether every layer has a classifier of its own for an exit there. Without, one classifier serves all.
    pub fn has_exits(&self) -> bool {
        self.tensors.exits() > 0
    }

    /// The elements of a tensor, by its record in this file.
    pub fn elements(&self, record: &Record) -> Elements<'a> {
        record.elements(self.file)
    }

    /// Role and block of the classifier over the pooled output after so many layers.
    pub(crate) fn exit_classifier(&self, layers: usize) -> (u16, usize) {
        let exit = layers.saturating_sub(1);
        if exit < self.tensors.exits() { (role::EXIT_CLASSIFIER, exit) } else { (role::CLASSIFIER, 0) }
    }

    /// The embedding table of this role.
    pub(crate) fn matrix(&self, role: u16) -> Matrix<'a> {
        self.tensors.find(role, 0).matrix(self.file)
    }

    /// The matrix of `role` in `block` (0 for a role outside the blocks) and the bias that follows it.
    pub(crate) fn linear(&self, role: u16, block: usize) -> Linear<'a> {
        let matrix = self.tensors.find(role, block).matrix(self.file);
        Linear { matrix, bias: self.tensors.find(role + 1, block).vector(self.file) }
    }

    /// The layer norm whose weight has this role.
    pub(crate) fn norm(&self, role: u16, block: usize) -> Norm<'a> {
        let weight = self.tensors.find(role, block).vector(self.file);
        Norm { weight, bias: self.tensors.find(role + 1, block).vector(self.file) }
    }

    /// The masked-LM decoder: its own matrix, or the word embeddings that it is tied to.
    pub(crate) fn decoder(&self) -> Linear<'a> {
        let tied = !self.tensors.has(role::MLM_DECODER);
        let matrix = self.matrix(if tied { role::WORD_EMBEDDINGS } else { role::MLM_DECODER });
        Linear { matrix, bias: self.tensors.find(role::MLM_DECODER_BIAS, 0).vector(self.file) }
    }
}

/// Compares the checksum in a model file's header with that of its bytes. Reads every byte.
///
/// # Errors
/// [`ChecksumError`] with both values; for bytes shorter than a header both are what can be read of them.
pub fn verify_checksum(file: &[u8]) -> Result<(), ChecksumError> {
    let stated = super::bytes::u32_at(file, HEADER_BYTES - 4);
    let computed = checksum(file);
    if stated == computed { Ok(()) } else { Err(ChecksumError { stated, computed }) }
}

/// CRC-32 (ISO-HDLC) of a model file, the checksum field left out.
pub fn checksum(file: &[u8]) -> u32 {
    const CRC: crc::Crc<u32, crc::Table<1>> = crc::Crc::<u32, crc::Table<1>>::new(&crc::CRC_32_ISO_HDLC);
    static TABLE: crc::Crc<u32, crc::Table<1>> = CRC;
    let mut digest = TABLE.digest();
    digest.update(file.get(..HEADER_BYTES - 4).unwrap_or(file));
    digest.update(file.get(HEADER_BYTES..).unwrap_or(&[]));
    digest.finalize()
}
