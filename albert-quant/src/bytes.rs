//! Bytes at the alignment that model files are used at.

use std::ops::{Deref, DerefMut};

use albert_core::format::layout::ALIGNMENT;
use bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

/// The bytes of a model file, at an address that is a multiple of 64, so that they can be used in place.
#[derive(Clone)]
pub struct ModelBytes {
    lines: Vec<Line>,
    length: usize,
}

impl ModelBytes {
    pub(crate) fn zeroed(length: usize) -> Self {
        Self { lines: vec![Line::zeroed(); length.div_ceil(ALIGNMENT)], length }
    }
}

impl Deref for ModelBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.lines)[..self.length]
    }
}

impl DerefMut for ModelBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.length]
    }
}

impl AsRef<[u8]> for ModelBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::fmt::Debug for ModelBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelBytes").field("length", &self.length).finish_non_exhaustive()
    }
}
