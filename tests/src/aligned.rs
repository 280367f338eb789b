//! Buffers at chosen addresses.

use std::ops::{Deref, DerefMut};

use albert_core::format::layout::ALIGNMENT;

/// Bytes whose first address is a multiple of 64, or a chosen number of bytes behind one.
#[derive(Debug)]
pub struct Aligned {
    storage: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Aligned {
    /// Zeros.
    pub fn zeros(length: usize) -> Self {
        Self::behind(0, length)
    }

    /// Zeros that start `offset` bytes behind an aligned address.
    pub fn behind(offset: usize, length: usize) -> Self {
        // Zeros that the system hands out: of a large arena only the pages that are used cost time.
        let storage = vec![0; offset + length + ALIGNMENT].into_boxed_slice();
        let start = storage.as_ptr().align_offset(ALIGNMENT) + offset;
        Self { storage, start, end: start + length }
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
        &self.storage[self.start..self.end]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.storage[self.start..self.end]
    }
}
