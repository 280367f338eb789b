//! Labels that are taught on the device.

use crate::call::call;
use crate::memory::{fresh, handle, out, place, put, slice, slice_mut, value};
use crate::status::albert_status;
use albert_core::heads::{PrototypeError, Prototypes};
use core::ffi::c_void;

/// Labels by the means of their examples' embeddings. Opaque; borrows the memory of the means.
pub struct albert_prototypes(Prototypes<'static>);

// The header promises these to C programs that keep handles in static memory.
const _: () = assert!(size_of::<albert_prototypes>() <= 64 && align_of::<albert_prototypes>() <= 8);

/// Bytes of memory for a handle; its alignment is that of a model handle.
#[unsafe(no_mangle)]
pub extern "C" fn albert_prototypes_bytes() -> usize {
    size_of::<albert_prototypes>()
}

/// Bytes of memory for the means of up to `labels` labels over embeddings of `width` elements: 16 + labels x (8 + 4 x width), or
/// the largest number when that does not fit.
#[unsafe(no_mangle)]
pub extern "C" fn albert_prototypes_memory_bytes(labels: usize, width: usize) -> usize {
    Prototypes::bytes(labels, width)
}

/// Prototypes that know nothing yet. `means` has exactly albert_prototypes_memory_bytes bytes (detail: that number) at any address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_init(
    memory: *mut c_void,
    memory_bytes: usize,
    means: *mut u8,
    means_bytes: usize,
    labels: usize,
    width: usize,
    prototypes: *mut *mut albert_prototypes,
    detail: *mut u64,
) -> albert_status {
    call!(detail, {
        let prototypes = out(prototypes)?;
        place::<albert_prototypes>(memory, memory_bytes)?;
        // Filling memory of another size would damage prototypes that lie there.
        let needed = Prototypes::bytes(labels, width);
        if means_bytes != needed {
            Err(PrototypeError::Memory { needed })?;
        }
        let made = Prototypes::new(fresh(means, means_bytes)?, labels, width)?;
        prototypes.write(put(memory, memory_bytes, albert_prototypes(made))?);
    })
}

/// Prototypes from bytes that albert_prototypes_store gave, in place. ALBERT_STATUS_STORED when they are others or damaged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_restore(
    memory: *mut c_void,
    memory_bytes: usize,
    means: *mut u8,
    means_bytes: usize,
    labels: usize,
    width: usize,
    prototypes: *mut *mut albert_prototypes,
    detail: *mut u64,
) -> albert_status {
    call!(detail, {
        let prototypes = out(prototypes)?;
        let made = Prototypes::restore(slice_mut(means, means_bytes)?, labels, width)?;
        prototypes.write(put(memory, memory_bytes, albert_prototypes(made))?);
    })
}

/// Writes where the bytes to keep lie, for flash or a file. They are the memory of the means, valid until that changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_store(
    prototypes: *mut albert_prototypes,
    bytes: *mut *const u8,
    count: *mut usize,
) -> albert_status {
    call!({
        let (bytes, count) = (out(bytes)?, out(count)?);
        let stored = handle(prototypes)?.0.store();
        bytes.write(stored.as_ptr());
        count.write(stored.len());
    })
}

/// Teaches a label one more example: an embedding of any length but zero, the pooled output for instance.
///
/// ALBERT_STATUS_NOT_FOUND for a label beyond the last, ALBERT_STATUS_ARGUMENT for another width, ALBERT_STATUS_DIRECTION for an
/// embedding that is zero or not finite; nothing is changed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_add(
    prototypes: *mut albert_prototypes,
    label: usize,
    embedding: *const f32,
    width: usize,
) -> albert_status {
    call!({
        handle(prototypes)?.0.add(label, slice(embedding, width)?)?;
    })
}

/// Forgets all examples of a label.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_forget(prototypes: *mut albert_prototypes, label: usize) -> albert_status {
    call!({
        handle(prototypes)?.0.forget(label)?;
    })
}

/// Examples that a label was taught with; 0 beyond the last label.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_examples(
    prototypes: *const albert_prototypes,
    label: usize,
    examples: *mut u32,
) -> albert_status {
    call!({
        out(examples)?.write(value(prototypes)?.0.examples(label));
    })
}

/// The label whose mean is nearest to an embedding, the first of equals, and the cosine between them. ALBERT_STATUS_NO_RESULT when
/// no label has been taught; other statuses are those of albert_prototypes_add.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_prototypes_nearest(
    prototypes: *const albert_prototypes,
    embedding: *const f32,
    width: usize,
    label: *mut usize,
    cosine: *mut f32,
) -> albert_status {
    call!({
        let nearest = value(prototypes)?.0.nearest(slice(embedding, width)?)?.ok_or(albert_status::NoResult)?;
        let (label, cosine) = (out(label)?, out(cosine)?);
        label.write(nearest.label);
        cosine.write(nearest.cosine);
    })
}
