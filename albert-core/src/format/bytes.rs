//! Total reads from bytes: what lies outside is zero or empty. Callers have checked the bounds.

use bytemuck::Pod;

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|tail| tail.first_chunk()).map_or(0, |b| u16::from_le_bytes(*b))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|tail| tail.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|tail| tail.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
}

/// The 32 bytes at `at`.
pub(super) fn hash_at(bytes: &[u8], at: usize) -> &[u8; 32] {
    bytes.get(at..).and_then(|tail| tail.first_chunk()).unwrap_or(&[0; 32])
}

/// `count` elements from `offset` on, in place; empty when they do not lie inside or are misaligned.
pub(super) fn slice<T: Pod>(bytes: &[u8], offset: u64, count: usize) -> &[T] {
    usize::try_from(offset)
        .ok()
        .and_then(|start| Some(start..start.checked_add(count.checked_mul(size_of::<T>())?)?))
        .and_then(|range| bytes.get(range))
        .and_then(|part| bytemuck::try_cast_slice(part).ok())
        .unwrap_or(&[])
}
