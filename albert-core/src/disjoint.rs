//! A slice that several tasks write at once, each its own elements.
#![allow(unsafe_code)]

use core::marker::PhantomData;

/// A mutable slice whose elements can be written through a shared reference.
pub(crate) struct Disjoint<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Disjoint` only moves values of T into the slice, and `write` asks its caller for exclusive elements.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T: Copy> Disjoint<'a, T> {
    /// Takes the slice over.
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    /// Writes the element at `index`; does nothing beyond the end.
    ///
    /// # Safety
    /// No other task writes this element while the `Disjoint` lives.
    #[inline]
    pub(crate) unsafe fn write(&self, index: usize, value: T) {
        if index < self.len {
            // SAFETY: the element is inside the slice, which is borrowed for 'a, and no other task touches it (contract).
            unsafe { self.start.add(index).write(value) }
        }
    }
}
