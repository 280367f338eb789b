//! Memory that JavaScript fills.

use std::alloc::{Layout, alloc, dealloc};

/// A model file starts at a multiple of this.
const ALIGNMENT: usize = 64;

/// Memory of [`albert_alloc`].
pub(crate) struct Bytes {
    start: *mut u8,
    bytes: usize,
}

// SAFETY: the memory has one owner, who only reads it.
unsafe impl Send for Bytes {}
// SAFETY: as above.
unsafe impl Sync for Bytes {}

impl Bytes {
    /// # Safety
    /// `start` comes from `albert_alloc(bytes)`, was filled, and is not used again.
    pub(crate) unsafe fn from_raw(start: *mut u8, bytes: usize) -> Self {
        Self { start, bytes }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `from_raw`'s contract.
        unsafe { slice(self.start, self.bytes) }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: `from_raw`'s contract.
        unsafe { albert_free(self.start, self.bytes) }
    }
}

/// Memory that starts at a multiple of 64; 0 when there is not so much.
#[unsafe(no_mangle)]
pub extern "C" fn albert_alloc(bytes: usize) -> *mut u8 {
    match Layout::from_size_align(bytes.max(1), ALIGNMENT) {
        // SAFETY: the size is not zero.
        Ok(layout) => unsafe { alloc(layout) },
        Err(_) => core::ptr::null_mut(),
    }
}

/// Gives memory back.
///
/// # Safety
/// `start` comes from `albert_alloc(bytes)` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_free(start: *mut u8, bytes: usize) {
    if let Ok(layout) = Layout::from_size_align(bytes.max(1), ALIGNMENT) {
        // SAFETY: the caller's; the layout is the one of the allocation.
        unsafe { dealloc(start, layout) }
    }
}

/// # Safety
/// `bytes` bytes are at `start`, or there are none.
pub(crate) unsafe fn slice<'a>(start: *const u8, bytes: usize) -> &'a [u8] {
    if bytes == 0 {
        return &[];
    }
    // SAFETY: the caller's.
    unsafe { core::slice::from_raw_parts(start, bytes) }
}
