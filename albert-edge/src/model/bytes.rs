//! Memory that starts at a multiple of 64, and the ways in which a program can hold a file.

use alloc::boxed::Box;
use alloc::vec::Vec;

use albert_core::format::layout::ALIGNMENT;
use bytemuck::{Pod, Zeroable};

use crate::error::{Error, Result};

/// 64 bytes at a multiple of 64.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

/// Zeroed bytes at a multiple of 64. The allocator gives zeros: memory that is not used is not touched.
pub(crate) struct AlignedBytes {
    lines: Box<[Line]>,
    len: usize,
}

impl AlignedBytes {
    /// No bytes; nothing is allocated.
    pub(crate) fn empty() -> Self {
        Self { lines: Box::default(), len: 0 }
    }

    /// `len` zeros, or `None` when there is not so much memory.
    pub(crate) fn zeroed(len: usize) -> Option<Self> {
        let lines = bytemuck::allocation::try_zeroed_slice_box(len.div_ceil(ALIGNMENT)).ok()?;
        Some(Self { lines, len })
    }

    /// A copy, or `None` when there is not so much memory.
    pub(crate) fn copy(bytes: &[u8]) -> Option<Self> {
        let mut copy = Self::zeroed(bytes.len())?;
        copy.as_mut_slice().copy_from_slice(bytes);
        Some(copy)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

/// Whatever keeps a file in memory.
pub(super) enum Storage {
    Static(&'static [u8]),
    Aligned(AlignedBytes),
    /// At a multiple of 64 by luck.
    Vec(Vec<u8>),
    Owner(Box<dyn AsRef<[u8]> + Send + Sync>),
    #[cfg(feature = "std")]
    Map(memmap2::Mmap),
}

impl Storage {
    /// Used in place when it is aligned.
    pub(super) fn of_static(bytes: &'static [u8]) -> Result<Self> {
        if is_aligned(bytes) { Ok(Self::Static(bytes)) } else { Self::copy(bytes) }
    }

    pub(super) fn copy(bytes: &[u8]) -> Result<Self> {
        AlignedBytes::copy(bytes).map(Self::Aligned).ok_or(Error::OutOfMemory { bytes: bytes.len() })
    }

    /// Used in place when it is aligned.
    pub(super) fn of_vec(bytes: Vec<u8>) -> Result<Self> {
        if is_aligned(&bytes) { Ok(Self::Vec(bytes)) } else { Self::copy(&bytes) }
    }

    /// Used in place when it is aligned.
    pub(super) fn of_owner(owner: Box<dyn AsRef<[u8]> + Send + Sync>) -> Result<Self> {
        if is_aligned((*owner).as_ref()) { Ok(Self::Owner(owner)) } else { Self::copy((*owner).as_ref()) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Aligned(bytes) => bytes.as_slice(),
            Self::Vec(bytes) => bytes,
            Self::Owner(owner) => (**owner).as_ref(),
            #[cfg(feature = "std")]
            Self::Map(map) => map,
        }
    }
}

/// Whether a file can be used where it lies.
fn is_aligned(bytes: &[u8]) -> bool {
    bytes.as_ptr().addr().is_multiple_of(ALIGNMENT)
}
