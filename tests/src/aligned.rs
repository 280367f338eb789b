//! Buffers at chosen addresses.

use std::ops::{Deref, DerefMut};

use albert_core::format::layout::ALIGNMENT;

/// Bytes whose first address is a multiple of 64, or a chosen number of bytes behind one.
#[derive(Debug)]
pub struct Aligned {
    storage: Vec<u8>,
    start: usize,
}

impl Aligned {
    /// Zeros.
    pub fn zeros(length: usize) -> Self {
        Self::behind(0, length)
    }

    /// Zeros that start `offset` bytes behind an aligned address.
    pub fn behind(offset: usize, length: usize) -> Self {
        // A vector does not move its elements while it keeps its capacity.
        let mut storage: Vec<u8> = Vec::with_capacity(offset + length + ALIGNMENT);
        let lead = storage.as_ptr().align_offset(ALIGNMENT);
        storage.resize(lead + offset + length, 0);
        Self { storage, start: lead + offset }
    }

    /// A copy of `bytes`.
    pub fn copy(bytes: &[u8]) -> Self {
        let mut copy = Self::zeros(bytes.len());
        copy.copy_from_slice(bytes);
        copy
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.storage[self.start..]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.storage[self.start..]
    }
}
