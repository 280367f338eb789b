//! Header and section directory, of model files and head files alike.

use super::bytes::{array_at, u32_at, u64_at};
use super::layout::{ALIGNMENT, HEADER_BYTES, SECTION_BYTES, SECTION_REQUIRED, SIGNATURE_BYTES, section};
use crate::error::FormatError;
use core::ops::Range;

/// Most sections that a file may have.
const MOST_SECTIONS: u32 = 64;

/// What a kind of file starts with, and the sections that its reader understands.
pub(super) struct FileKind {
    pub(super) magic: [u8; 8],
    pub(super) version: u32,
    pub(super) sections: &'static [u32],
}

/// A file whose header and directory were checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sections<'a> {
    file: &'a [u8],
    count: u32,
}

impl<'a> Sections<'a> {
    /// Checks header and directory.
    pub(super) fn read(file: &'a [u8], kind: &FileKind) -> Result<Self, FormatError> {
        let count = header(file, kind)?;
        let sections = Self { file, count };
        let mut end = HEADER_BYTES + SECTION_BYTES * count as usize;
        for index in 0..count {
            let entry = sections.entry(index);
            let wrong = FormatError::Section { index };
            let range = entry.range(file).ok_or(wrong)?;
            let adjacent = range.start >= end && range.start - end < ALIGNMENT;
            if !adjacent || !range.start.is_multiple_of(ALIGNMENT) {
                return Err(wrong);
            }
            end = range.end;
            if !kind.sections.contains(&entry.kind) {
                if entry.flags & SECTION_REQUIRED != 0 {
                    return Err(FormatError::UnknownSection(entry.kind));
                }
            } else if (0..index).any(|earlier| sections.entry(earlier).kind == entry.kind) {
                return Err(FormatError::DuplicateSection(entry.kind));
            }
            if entry.kind == section::SIGNATURE && (index + 1 < count || range.len() != SIGNATURE_BYTES) {
                return Err(wrong);
            }
        }
        if end != file.len() {
            return Err(FormatError::FileBytes { stated: end as u64, actual: file.len() as u64 });
        }
        Ok(sections)
    }

    /// The file itself.
    pub(super) fn file(&self) -> &'a [u8] {
        self.file
    }

    /// The content of a section, when the file has it.
    pub(super) fn find(&self, kind: u32) -> Option<&'a [u8]> {
        let entry = (0..self.count).map(|index| self.entry(index)).find(|entry| entry.kind == kind)?;
        self.file.get(entry.range(self.file)?)
    }

    /// The content of a section that the file must have.
    pub(super) fn require(&self, kind: u32) -> Result<&'a [u8], FormatError> {
        self.find(kind).ok_or(FormatError::MissingSection(kind))
    }

    fn entry(&self, index: u32) -> Entry {
        let entry: &[u8; SECTION_BYTES] = array_at(self.file, HEADER_BYTES + SECTION_BYTES * index as usize);
        Entry { kind: u32_at(entry, 0), flags: u32_at(entry, 4), offset: u64_at(entry, 8), bytes: u64_at(entry, 16) }
    }
}

/// An entry of the directory.
struct Entry {
    kind: u32,
    flags: u32,
    offset: u64,
    bytes: u64,
}

impl Entry {
    /// Where the section lies, when that is inside the file.
    fn range(&self, file: &[u8]) -> Option<Range<usize>> {
        let end = self.offset.checked_add(self.bytes).filter(|&end| end <= file.len() as u64)?;
        Some(self.offset as usize..end as usize)
    }
}

/// Checks the header; returns the number of sections.
fn header(file: &[u8], kind: &FileKind) -> Result<u32, FormatError> {
    let truncated = FormatError::Truncated { needed: HEADER_BYTES as u64 };
    let header: &[u8; HEADER_BYTES] = file.first_chunk().ok_or(truncated)?;
    if u64_at(header, 0) != u64::from_le_bytes(kind.magic) {
        return Err(FormatError::Magic);
    }
    let (version, count, stated) = (u32_at(header, 8), u32_at(header, 12), u64_at(header, 16));
    if version != kind.version {
        return Err(FormatError::Version(version));
    }
    if stated != file.len() as u64 {
        return Err(FormatError::FileBytes { stated, actual: file.len() as u64 });
    }
    if (24..60).step_by(4).any(|at| u32_at(header, at) != 0) {
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
