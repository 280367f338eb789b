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

    /// Writes the values, the first at `first` and each `stride` after the last; does nothing when they do not fit.
    ///
    /// # Safety
    /// No other task writes these elements while the `Disjoint` lives.
    // One copy where flash is scarce: with a stride known to be 1 it would call `memcpy`.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) unsafe fn write(&self, first: usize, stride: usize, values: &[T]) {
        let last = values.len().saturating_sub(1).saturating_mul(stride).saturating_add(first);
        if last < self.len {
            for (index, &value) in values.iter().enumerate() {
                // SAFETY: the element is at `last` or before, inside the slice, which is borrowed for 'a, and no other task
                // touches it (contract).
                unsafe { self.start.add(first + index * stride).write(value) }
            }
        }
    }
}
