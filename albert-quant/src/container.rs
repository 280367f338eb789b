//! Header, directory and checksum of model and head files, whatever their sections hold.

use std::ops::Range;

use albert_core::format::layout::{ALIGNMENT, HEADER_BYTES, SECTION_BYTES, round_up};

use crate::bytes::ModelBytes;

/// A section: kind, flags, content.
pub(crate) type Section = (u32, u32, Vec<u8>);

/// A file of zeros but for header and directory, and where each section lies. `sections`: kind, flags and bytes of each.
pub(crate) fn lay_out(magic: [u8; 8], version: u32, sections: &[(u32, u32, usize)]) -> (ModelBytes, Vec<Range<usize>>) {
    let mut end = HEADER_BYTES + SECTION_BYTES * sections.len();
    let mut ranges = Vec::with_capacity(sections.len());
    for &(.., bytes) in sections {
        let start = round_up(end, ALIGNMENT);
        end = start + bytes;
        ranges.push(start..end);
    }
    let mut file = ModelBytes::zeroed(end);
    put(&mut file, 0, &magic);
    put(&mut file, 8, &version.to_le_bytes());
    put(&mut file, 12, &(sections.len() as u32).to_le_bytes());
    put(&mut file, 16, &(end as u64).to_le_bytes());
    for (index, ((kind, flags, _), range)) in sections.iter().zip(&ranges).enumerate() {
        let at = HEADER_BYTES + SECTION_BYTES * index;
        put(&mut file, at, &kind.to_le_bytes());
        put(&mut file, at + 4, &flags.to_le_bytes());
        put(&mut file, at + 8, &(range.start as u64).to_le_bytes());
        put(&mut file, at + 16, &(range.len() as u64).to_le_bytes());
    }
    (file, ranges)
}

/// The file of some sections, without its checksum.
pub(crate) fn assemble(magic: [u8; 8], version: u32, sections: &[Section]) -> ModelBytes {
    let sizes: Vec<_> = sections.iter().map(|(kind, flags, bytes)| (*kind, *flags, bytes.len())).collect();
    let (mut file, ranges) = lay_out(magic, version, &sizes);
    for ((.., bytes), range) in sections.iter().zip(ranges) {
        file[range].copy_from_slice(bytes);
    }
    file
}

/// Writes the checksum.
pub(crate) fn seal(file: &mut [u8]) {
    let checksum = albert_core::format::checksum(file);
    put(file, HEADER_BYTES - 4, &checksum.to_le_bytes());
}

/// Writes bytes at an offset.
pub(crate) fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}
