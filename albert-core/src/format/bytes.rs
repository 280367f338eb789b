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

/// The `N` bytes at `at`. Fields of a record that was cut out once take no check of bounds each.
pub(super) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> &[u8; N] {
    bytes.get(at..).and_then(|tail| tail.first_chunk()).unwrap_or(&[0; N])
}

/// `count` elements from `offset` on, in place; empty when they do not lie inside or are misaligned.
pub(super) fn slice<T: Pod>(bytes: &[u8], offset: u64, count: usize) -> &[T] {
    bytemuck::try_cast_slice(bytes_at(bytes, offset, count.saturating_mul(size_of::<T>()))).unwrap_or(&[])
}

/// `count` bytes from `offset` on; empty when they do not lie inside.
#[cfg_attr(target_os = "none", inline(never))]
fn bytes_at(bytes: &[u8], offset: u64, count: usize) -> &[u8] {
    usize::try_from(offset).ok().and_then(|start| bytes.get(start..start.checked_add(count)?)).unwrap_or(&[])
}
