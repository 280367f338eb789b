//! Operands and sums of products in memory of their own, which is faster than the arena's. Without the feature `fast-memory` this is nothing.

#[cfg(feature = "fast-memory")]
use crate::format::layout::ALIGNMENT;
#[cfg(feature = "fast-memory")]
use crate::slices::{cast_mut, part_mut};
use bytemuck::Pod;
#[cfg(not(feature = "fast-memory"))]
use core::marker::PhantomData;

/// Memory for the busiest regions of all workers; none if they lie in the arena.
#[derive(Default)]
pub(super) struct Fast<'a> {
    #[cfg(feature = "fast-memory")]
    bytes: &'a mut [u8],
    #[cfg(not(feature = "fast-memory"))]
    nothing: PhantomData<&'a mut [u8]>,
}

impl<'a> Fast<'a> {
    /// Takes aligned memory of [`Plan::fast_bytes`](crate::Plan::fast_bytes).
    #[cfg(feature = "fast-memory")]
    pub(super) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes }
    }

    /// The same for a while.
    pub(super) fn lend(&mut self) -> Fast<'_> {
        Fast {
            #[cfg(feature = "fast-memory")]
            bytes: self.bytes,
            #[cfg(not(feature = "fast-memory"))]
            nothing: PhantomData,
        }
    }

    /// The next region, in place of the one that the arena has for it.
    #[cfg(feature = "fast-memory")]
    pub(super) fn take<T: Pod>(&mut self, in_arena: &'a mut [T]) -> &'a mut [T] {
        let bytes = size_of_val(in_arena);
        let rest = core::mem::take(&mut self.bytes);
        let Some((own, rest)) = rest.split_at_mut_checked(bytes.next_multiple_of(ALIGNMENT)) else { return in_arena };
        self.bytes = rest;
        cast_mut(part_mut(own, ..bytes))
    }

    #[cfg(not(feature = "fast-memory"))]
    pub(super) fn take<T: Pod>(&mut self, in_arena: &'a mut [T]) -> &'a mut [T] {
        in_arena
    }
}
