//! The bytes of a model file by part.

use albert_core::Model;
use albert_core::format::layout::{BLOCK_ROLES, EMBEDDING_ROLES, HEADER_BYTES, SECTION_BYTES, section};
use serde::Serialize;

/// The part of the network that a tensor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Part {
    /// Embedding tables, their layer norm, and the mapping to the hidden size.
    Embeddings,
    /// The blocks. Each is stored once, however many layers share it.
    Layers,
    /// Pooler, classifiers and the masked-LM transform.
    Head,
}

impl Part {
    /// The part that a tensor's role in the model file belongs to.
    pub fn of(role: u16) -> Self {
        match role {
            role if EMBEDDING_ROLES.contains(&role) => Self::Embeddings,
            role if BLOCK_ROLES.contains(&role) => Self::Layers,
            _ => Self::Head,
        }
    }
}

/// The bytes of a model file, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Bytes of [`Part::Embeddings`].
    pub embeddings: u64,
    /// Bytes of [`Part::Layers`].
    pub layers: u64,
    /// Bytes of [`Part::Head`].
    pub head: u64,
    /// Bytes of the tokenizer.
    pub tokenizer: u64,
    /// Bytes of everything else: configuration, labels, records, provenance, padding.
    pub rest: u64,
}

impl Sizes {
    /// The bytes of each part of a model file; they add up to its length.
    pub fn of_model(model: &Model<'_>) -> Self {
        let mut sizes = Self::default();
        let mut end = 0;
        for record in model.tensors() {
            let place = sizes.part(Part::of(record.role));
            *place += record.bytes() as u64;
            end += record.bytes() as u64;
        }
        sizes.tokenizer = section_bytes(model.bytes(), section::TOKENIZER);
        sizes.rest = (model.bytes().len() as u64).saturating_sub(end + sizes.tokenizer);
        sizes
    }

    /// The bytes of a part, to add to.
    pub fn part(&mut self, part: Part) -> &mut u64 {
        match part {
            Part::Embeddings => &mut self.embeddings,
            Part::Layers => &mut self.layers,
            Part::Head => &mut self.head,
        }
    }

    /// Names and bytes of the five parts, in the order of the fields.
    pub fn parts(&self) -> [(&'static str, u64); 5] {
        [
            ("embeddings", self.embeddings),
            ("layers", self.layers),
            ("head", self.head),
            ("tokenizer", self.tokenizer),
            ("rest", self.rest),
        ]
    }

    /// The sum of all parts, in bytes.
    pub fn total(&self) -> u64 {
        self.parts().into_iter().map(|(_, bytes)| bytes).sum()
    }
}

/// Bytes of a section of a checked file; 0 when it has none of this kind.
fn section_bytes(file: &[u8], kind: u32) -> u64 {
    let word = |at: usize| file.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
    let sections = (word(8) >> 32) as usize;
    let mut entries = (0..sections).map(|index| HEADER_BYTES + SECTION_BYTES * index);
    entries.find(|&entry| word(entry) as u32 == kind).map_or(0, |entry| word(entry + 16))
}
