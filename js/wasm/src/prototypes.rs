//! Labels that are taught by a few examples.

use crate::memory;
use crate::result::{Outcome, handle, leave, message};
use albert_edge::Prototypes;
use serde::Serialize;

#[derive(Serialize)]
struct Nearest {
    label: usize,
    cosine: f32,
}

/// Prototypes that know nothing yet.
#[unsafe(no_mangle)]
pub extern "C" fn albert_prototypes(labels: usize, width: usize) -> *mut Prototypes {
    handle(Prototypes::new(labels, width).map_err(message))
}

/// Prototypes from stored bytes.
///
/// # Safety
/// `bytes` bytes are at `start`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_restore(start: *const u8, bytes: usize) -> *mut Prototypes {
    // SAFETY: the caller's.
    handle(Prototypes::from_bytes(unsafe { memory::slice(start, bytes) }).map_err(message))
}

/// The bytes to keep, as the result.
///
/// # Safety
/// `prototypes` comes from [`albert_prototypes`] or [`albert_prototypes_restore`], here and below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_store(prototypes: *mut Prototypes) {
    // SAFETY: the caller's.
    leave(Ok(Outcome::Bytes(unsafe { &mut *prototypes }.to_bytes())));
}

/// Teaches a label an example: `count` numbers at `embedding`, which is aligned for them.
///
/// # Safety
/// As [`albert_prototypes_store`]; the numbers are there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_add(
    prototypes: *mut Prototypes,
    label: usize,
    embedding: *const f32,
    count: usize,
) -> bool {
    // SAFETY: the caller's.
    let (prototypes, embedding) = unsafe { (&mut *prototypes, core::slice::from_raw_parts(embedding, count)) };
    leave(prototypes.add(label, embedding).map(|()| Outcome::Nothing).map_err(message))
}

/// Forgets a label's examples.
///
/// # Safety
/// As [`albert_prototypes_store`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_forget(prototypes: *mut Prototypes, label: usize) -> bool {
    // SAFETY: the caller's.
    let prototypes = unsafe { &mut *prototypes };
    leave(prototypes.forget(label).map(|()| Outcome::Nothing).map_err(message))
}

/// Examples of a label.
///
/// # Safety
/// As [`albert_prototypes_store`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_examples(prototypes: *const Prototypes, label: usize) -> u32 {
    // SAFETY: the caller's.
    unsafe { &*prototypes }.examples(label)
}

/// The nearest label as JSON: `{"label", "cosine"}`, or `null` when none has been taught.
///
/// # Safety
/// As [`albert_prototypes_add`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_nearest(
    prototypes: *const Prototypes,
    embedding: *const f32,
    count: usize,
) -> bool {
    // SAFETY: the caller's.
    let (prototypes, embedding) = unsafe { (&*prototypes, core::slice::from_raw_parts(embedding, count)) };
    let found = prototypes.nearest(embedding).map_err(message);
    let to_json = |one: Option<albert_edge::Nearest>| {
        let nearest = one.map(|one| Nearest { label: one.label, cosine: one.cosine });
        serde_json::to_string(&nearest).map(Outcome::Text).map_err(message)
    };
    leave(found.and_then(to_json))
}

/// Frees prototypes.
///
/// # Safety
/// As [`albert_prototypes_store`]; they are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_free(prototypes: *mut Prototypes) {
    // SAFETY: the caller's.
    drop(unsafe { Box::from_raw(prototypes) });
}
