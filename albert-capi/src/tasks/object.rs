//! Objects that C holds by pointers to them.

use std::boxed::Box;

/// Frees what [`Box::into_raw`] gave to C; null is left alone.
///
/// # Safety
/// `object` is null or was given to C by this library and not freed yet.
pub(super) unsafe fn free<T>(object: *mut T) {
    if !object.is_null() && object.is_aligned() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(object) });
    }
}
