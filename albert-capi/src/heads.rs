//! From logits to answers.

use crate::memory::{place, slice, slice_mut};
use crate::session::albert_session;
use crate::status::albert_status;
use albert_core::heads::{Candidate, TopK};
use core::ffi::c_void;

/// One of the best.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_candidate {
    /// Index of the label, or vocabulary id.
    pub id: u32,
    /// Softmax probability.
    pub score: f32,
}

const _: () = assert!(size_of::<Candidate>() == size_of::<albert_candidate>());

/// Scores of a sequence classifier: softmax, sigmoid or the logits themselves, by the model's problem type. They take the
/// place of the logits in the arena and are valid until the session is used again; call it once an inference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_scores(
    session: *mut albert_session,
    scores: *mut *const f32,
    count: *mut usize,
) -> albert_status {
    // SAFETY: the caller's pointers, as the header says.
    let read = || unsafe {
        let (scores, count) = (place(scores)?, place(count)?);
        let values = place(session)?.0.scores().ok_or(albert_status::NoResult)?;
        (*scores, *count) = (values.as_ptr(), values.len());
        Ok::<(), albert_status>(())
    };
    read().err().unwrap_or(albert_status::Ok)
}

/// The `wanted` largest of `logits`, with their softmax probabilities over all, in descending order. `found` is the smaller
/// of `wanted` and `count`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_top_k(
    logits: *const f32,
    count: usize,
    best: *mut albert_candidate,
    wanted: usize,
    found: *mut usize,
) -> albert_status {
    // SAFETY: the caller's pointers, as the header says.
    let pick = || unsafe {
        let (logits, best, found) = (slice(logits, count)?, slice_mut(best, wanted)?, place(found)?);
        *found = fill(best, |top| top.push(0, logits));
        Ok::<(), albert_status>(())
    };
    pick().err().unwrap_or(albert_status::Ok)
}

/// The `wanted` best vocabulary entries for a row of the hidden states, with their softmax probabilities: what a masked
/// language model puts in place of a mask. Needs no memory of vocabulary size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_vocabulary_top_k(
    session: *mut albert_session,
    row: usize,
    best: *mut albert_candidate,
    wanted: usize,
    found: *mut usize,
) -> albert_status {
    // SAFETY: the caller's pointers, as the header says.
    let pick = || unsafe {
        let (session, best, found) = (&mut place(session)?.0, slice_mut(best, wanted)?, place(found)?);
        let mut vocabulary = session.vocabulary_logits(row).ok_or(albert_status::NoResult)?;
        *found = fill(best, |top| {
            while let Some(chunk) = vocabulary.next_chunk() {
                top.push(chunk.first, chunk.logits);
            }
        });
        Ok::<(), albert_status>(())
    };
    pick().err().unwrap_or(albert_status::Ok)
}

/// Shows all vocabulary logits of a row of the hidden states to `visit`, a chunk of consecutive ids at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_vocabulary_logits(
    session: *mut albert_session,
    row: usize,
    visit: Option<unsafe extern "C" fn(context: *mut c_void, first: u32, logits: *const f32, count: usize)>,
    context: *mut c_void,
) -> albert_status {
    // SAFETY: the caller's pointers, as the header says.
    let show = || unsafe {
        let visit = visit.ok_or(albert_status::NullPointer)?;
        let mut vocabulary = place(session)?.0.vocabulary_logits(row).ok_or(albert_status::NoResult)?;
        while let Some(chunk) = vocabulary.next_chunk() {
            visit(context, chunk.first, chunk.logits.as_ptr(), chunk.logits.len());
        }
        Ok::<(), albert_status>(())
    };
    show().err().unwrap_or(albert_status::Ok)
}

/// Lets `push` fill a top-k over C's array; returns how many there are.
fn fill(best: &mut [albert_candidate], push: impl FnOnce(&mut TopK<'_>)) -> usize {
    let mut top = TopK::new(core_candidates(best));
    push(&mut top);
    top.finish().len()
}

/// C's candidates as the core's.
fn core_candidates(best: &mut [albert_candidate]) -> &mut [Candidate] {
    // SAFETY: both types are `repr(C)` with a u32 and an f32.
    unsafe { &mut *(core::ptr::from_mut(best) as *mut [Candidate]) }
}
