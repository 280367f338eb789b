//! Raw memory from C.
//!
//! Memory that C has not written yet never becomes a reference: results are written through [`Out`], arrays for results and
//! working memory are filled first.

use core::ffi::{c_char, c_void};
use core::marker::PhantomData;

use crate::status::albert_status;

/// A place for one result.
pub(crate) struct Out<'a, T>(*mut T, PhantomData<&'a mut T>);

impl<T> Out<'_, T> {
    /// Writes the result.
    pub(crate) fn write(self, value: T) {
        // SAFETY: `out` promises that the place is valid for writing; it is aligned, as was checked.
        unsafe { self.0.write(value) };
    }
}

/// A place for a result that C passed; it may be uninitialized.
///
/// # Safety
/// `place` is null, misaligned or valid for writing a `T` for as long as 'a, and nobody else uses it.
pub(crate) unsafe fn out<'a, T>(place: *mut T) -> Result<Out<'a, T>, albert_status> {
    check(place)?;
    Ok(Out(place, PhantomData))
}

/// A handle or a struct that C passed to be changed.
///
/// # Safety
/// `place` is null, misaligned or leads to a valid `T` that lives for 'a and that nobody else uses.
pub(crate) unsafe fn handle<'a, T>(place: *mut T) -> Result<&'a mut T, albert_status> {
    check(place)?;
    // SAFETY: the caller's promise; not null and aligned, as was just checked.
    Ok(unsafe { &mut *place })
}

/// A value that C passed.
///
/// # Safety
/// `value` is null, misaligned or leads to a valid `T` that lives and does not change for 'a.
pub(crate) unsafe fn value<'a, T>(value: *const T) -> Result<&'a T, albert_status> {
    check(value)?;
    // SAFETY: the caller's promise; not null and aligned, as was just checked.
    Ok(unsafe { &*value })
}

/// A value that C may leave out by passing null.
///
/// # Safety
/// As [`value`].
pub(crate) unsafe fn optional<'a, T>(start: *const T) -> Result<Option<&'a T>, albert_status> {
    // SAFETY: the caller's promise.
    if start.is_null() { Ok(None) } else { unsafe { value(start) }.map(Some) }
}

/// `count` elements that C passed; null stands for none.
///
/// # Safety
/// `start` is null, misaligned or leads to `count` valid elements that live and do not change for 'a.
pub(crate) unsafe fn slice<'a, T>(start: *const T, count: usize) -> Result<&'a [T], albert_status> {
    if count == 0 {
        return Ok(&[]);
    }
    check_many(start, count)?;
    // SAFETY: the caller's promise; not null, aligned and no larger than an object can be, as was just checked.
    Ok(unsafe { core::slice::from_raw_parts(start, count) })
}

/// As [`slice`], to be changed.
///
/// # Safety
/// `start` is null, misaligned or leads to `count` valid elements that live for 'a and that nobody else uses.
pub(crate) unsafe fn slice_mut<'a, T>(start: *mut T, count: usize) -> Result<&'a mut [T], albert_status> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_many(start, count)?;
    // SAFETY: the caller's promise; not null, aligned and no larger than an object can be, as was just checked.
    Ok(unsafe { core::slice::from_raw_parts_mut(start, count) })
}

/// An array for results, or working memory. C may not have written it yet, so it is filled first.
///
/// # Safety
/// `start` is null, misaligned or valid for reading and writing `count` elements for 'a, and nobody else uses them.
pub(crate) unsafe fn fresh<'a, T: Copy + Default>(start: *mut T, count: usize) -> Result<&'a mut [T], albert_status> {
    if count > 0 {
        check_many(start, count)?;
    }
    for index in 0..count {
        // SAFETY: the caller's promise; not null and aligned, as was just checked.
        unsafe { start.add(index).write(T::default()) };
    }
    // SAFETY: the caller's promise; the elements are initialized now.
    unsafe { slice_mut(start, count) }
}

/// UTF-8 text that C passed.
///
/// # Safety
/// As [`slice`].
pub(crate) unsafe fn text<'a>(start: *const c_char, bytes: usize) -> Result<&'a str, albert_status> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(start.cast::<u8>(), bytes) }?;
    core::str::from_utf8(bytes).map_err(|_| albert_status::TextNotUtf8)
}

/// A second text, which C may leave out by passing null.
///
/// # Safety
/// As [`slice`].
pub(crate) unsafe fn pair<'a>(start: *const c_char, bytes: usize) -> Result<Option<&'a str>, albert_status> {
    // SAFETY: the caller's promise.
    if start.is_null() { Ok(None) } else { unsafe { text(start, bytes) }.map(Some) }
}

/// Puts `value` into a handle's memory.
///
/// # Safety
/// `memory` is null or valid for writing `bytes` bytes.
pub(crate) unsafe fn put<T>(memory: *mut c_void, bytes: usize, value: T) -> Result<*mut T, albert_status> {
    let place: *mut T = place(memory, bytes)?;
    // SAFETY: not null, aligned and large enough, as was just checked.
    unsafe { place.write(value) };
    Ok(place)
}

/// Where a handle of `T` goes; refuses memory that cannot hold one. For calls that write elsewhere before they put it there: what
/// fails leaves the memory of a handle that is in use as it was.
pub(crate) fn place<T>(memory: *mut c_void, bytes: usize) -> Result<*mut T, albert_status> {
    let place = memory.cast::<T>();
    if place.is_null() {
        return Err(albert_status::NullPointer);
    }
    if bytes < size_of::<T>() || !place.is_aligned() {
        return Err(albert_status::HandleMemory);
    }
    Ok(place)
}

/// Writes `value` where C wants it, if anywhere.
///
/// # Safety
/// `target` is null, misaligned or valid for writing.
pub(crate) unsafe fn report<T>(target: *mut T, value: T) {
    if check(target).is_ok() {
        // SAFETY: the caller's promise; not null and aligned.
        unsafe { target.write(value) };
    }
}

/// Refuses null and misaligned pointers.
fn check<T>(pointer: *const T) -> Result<(), albert_status> {
    if pointer.is_null() {
        Err(albert_status::NullPointer)
    } else if !pointer.is_aligned() {
        Err(albert_status::Misaligned)
    } else {
        Ok(())
    }
}

/// Refuses as well what is larger than any object can be.
fn check_many<T>(start: *const T, count: usize) -> Result<(), albert_status> {
    check(start)?;
    let bytes = count.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize);
    bytes.map(|_| ()).ok_or(albert_status::Argument)
}
