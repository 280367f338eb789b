//! Header and section directory.

use super::bytes::{u32_at, u64_at};
use super::layout::{ALIGNMENT, HEADER_BYTES, MAGIC, SECTION_BYTES, SECTION_REQUIRED, VERSION, section};
use super::tensor::DataRange;
use crate::error::FormatError;

/// Most sections that a file may have.
const MOST_SECTIONS: u32 = 64;

/// The sections that this version knows.
pub(super) struct Sections<'a> {
    pub(super) config: &'a [u8],
    pub(super) tensors: &'a [u8],
    pub(super) data: DataRange,
    pub(super) labels: Option<&'a [u8]>,
    pub(super) tokenizer: Option<&'a [u8]>,
    pub(super) provenance: &'a [u8],
}

impl<'a> Sections<'a> {
    /// Checks header and directory and finds the sections.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, FormatError> {
        let count = header(file)?;
        let mut found = Found::default();
        let mut end = (HEADER_BYTES + SECTION_BYTES * count as usize) as u64;
        for index in 0..count {
            let entry = HEADER_BYTES + SECTION_BYTES * index as usize;
            let (kind, flags) = (u32_at(file, entry), u32_at(file, entry + 4));
            let (offset, bytes) = (u64_at(file, entry + 8), u64_at(file, entry + 16));
            let adjacent = offset >= end && offset - end < ALIGNMENT as u64;
            let aligned = offset.is_multiple_of(ALIGNMENT as u64);
            end = offset.saturating_add(bytes);
            if !adjacent || !aligned || end > file.len() as u64 {
                return Err(FormatError::Section { index });
            }
            let range = DataRange { start: offset, end };
            match found.slot(kind) {
                Some(slot) if slot.is_some() => return Err(FormatError::DuplicateSection(kind)),
                Some(slot) => *slot = Some(range),
                None if flags & SECTION_REQUIRED != 0 => return Err(FormatError::UnknownSection(kind)),
                None => {}
            }
        }
        if end != file.len() as u64 {
            return Err(FormatError::FileBytes { stated: end, actual: file.len() as u64 });
        }
        let bytes = |range: DataRange| file.get(range.start as usize..range.end as usize).unwrap_or(&[]);
        let required = |slot: Option<DataRange>, kind| slot.ok_or(FormatError::MissingSection(kind));
        Ok(Self {
            config: bytes(required(found.config, section::CONFIG)?),
            tensors: bytes(required(found.tensors, section::TENSORS)?),
            data: required(found.data, section::DATA)?,
            labels: found.labels.map(bytes),
            tokenizer: found.tokenizer.map(bytes),
            provenance: found.provenance.map_or(&[], bytes),
        })
    }
}

/// Where each known section lies.
#[derive(Default)]
struct Found {
    config: Option<DataRange>,
    tensors: Option<DataRange>,
    data: Option<DataRange>,
    labels: Option<DataRange>,
    tokenizer: Option<DataRange>,
    provenance: Option<DataRange>,
}

impl Found {
    fn slot(&mut self, kind: u32) -> Option<&mut Option<DataRange>> {
        match kind {
            section::CONFIG => Some(&mut self.config),
            section::TENSORS => Some(&mut self.tensors),
            section::DATA => Some(&mut self.data),
            section::LABELS => Some(&mut self.labels),
            section::TOKENIZER => Some(&mut self.tokenizer),
            section::PROVENANCE => Some(&mut self.provenance),
            _ => None,
        }
    }
}

/// Checks the header; returns the number of sections.
fn header(file: &[u8]) -> Result<u32, FormatError> {
    if file.len() < HEADER_BYTES {
        return Err(FormatError::Truncated { needed: HEADER_BYTES as u64 });
    }
    if file.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(FormatError::Magic);
    }
    let (version, count, stated) = (u32_at(file, 8), u32_at(file, 12), u64_at(file, 16));
    if version != VERSION {
        return Err(FormatError::Version(version));
    }
    if stated != file.len() as u64 {
        return Err(FormatError::FileBytes { stated, actual: file.len() as u64 });
    }
    if (24..60).step_by(4).any(|at| u32_at(file, at) != 0) {
        return Err(FormatError::Reserved);
    }
    let directory = u64::from(count) * SECTION_BYTES as u64 + HEADER_BYTES as u64;
    if count > MOST_SECTIONS || directory > file.len() as u64 {
        return Err(FormatError::Truncated { needed: directory });
    }
    if !file.as_ptr().addr().is_multiple_of(ALIGNMENT) {
        return Err(FormatError::Misaligned);
    }
    Ok(count)
}
