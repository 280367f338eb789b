//! Raw memory from C, as references.

use crate::status::albert_status;

/// A place for one value that C passed.
///
/// # Safety
/// `place` is null or valid for writing a `T` for as long as 'a, and nobody else uses it.
pub(crate) unsafe fn place<'a, T>(place: *mut T) -> Result<&'a mut T, albert_status> {
    // SAFETY: the caller's promise.
    unsafe { place.as_mut() }.ok_or(albert_status::NullPointer)
}

/// A value that C passed.
///
/// # Safety
/// `value` is null or leads to a valid `T` that lives and does not change for 'a.
pub(crate) unsafe fn value<'a, T>(value: *const T) -> Result<&'a T, albert_status> {
    // SAFETY: the caller's promise.
    unsafe { value.as_ref() }.ok_or(albert_status::NullPointer)
}

/// `count` elements that C passed; null stands for none.
///
/// # Safety
/// `start` is null or leads to `count` valid elements that live and do not change for 'a.
pub(crate) unsafe fn slice<'a, T>(start: *const T, count: usize) -> Result<&'a [T], albert_status> {
    match (start.is_null(), count) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(albert_status::NullPointer),
        // SAFETY: the caller's promise.
        (false, _) => Ok(unsafe { core::slice::from_raw_parts(start, count) }),
    }
}

/// As [`slice`], to be written.
///
/// # Safety
/// `start` is null or leads to `count` valid elements that live for 'a and that nobody else uses.
pub(crate) unsafe fn slice_mut<'a, T>(start: *mut T, count: usize) -> Result<&'a mut [T], albert_status> {
    match (start.is_null(), count) {
        (_, 0) => Ok(&mut []),
        (true, _) => Err(albert_status::NullPointer),
        // SAFETY: the caller's promise.
        (false, _) => Ok(unsafe { core::slice::from_raw_parts_mut(start, count) }),
    }
}

/// Working memory that C passed, set to zero: C may not have written it yet, and the core takes initialized bytes.
///
/// # Safety
/// `start` is null or valid for reading and writing `bytes` bytes for 'a, and nobody else uses them.
pub(crate) unsafe fn working<'a>(start: *mut u8, bytes: usize) -> Result<&'a mut [u8], albert_status> {
    if !start.is_null() {
        // SAFETY: the caller's promise.
        unsafe { start.write_bytes(0, bytes) };
    }
    // SAFETY: the caller's promise; the bytes are initialized now.
    unsafe { slice_mut(start, bytes) }
}

/// UTF-8 text that C passed.
///
/// # Safety
/// As [`slice`].
pub(crate) unsafe fn text<'a>(start: *const core::ffi::c_char, bytes: usize) -> Result<&'a str, albert_status> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(start.cast::<u8>(), bytes) }?;
    core::str::from_utf8(bytes).map_err(|_| albert_status::TextNotUtf8)
}

/// Puts `value` into a handle's memory.
///
/// # Safety
/// `memory` is null or valid for writing `bytes` bytes.
pub(crate) unsafe fn put<T>(memory: *mut core::ffi::c_void, bytes: usize, value: T) -> Result<*mut T, albert_status> {
    let place = memory.cast::<T>();
    if place.is_null() {
        return Err(albert_status::NullPointer);
    }
    if bytes < size_of::<T>() || !place.is_aligned() {
        return Err(albert_status::HandleMemory);
    }
    // SAFETY: not null, aligned and large enough, as was just checked.
    unsafe { place.write(value) };
    Ok(place)
}

/// Writes `value` where C wants it, if anywhere.
///
/// # Safety
/// `target` is null or valid for writing.
pub(crate) unsafe fn report<T>(target: *mut T, value: T) {
    if !target.is_null() {
        // SAFETY: the caller's promise.
        unsafe { target.write(value) };
    }
}
