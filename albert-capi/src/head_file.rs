//! Head files: another classifier beside a model.

use crate::call::call;
use crate::memory::{handle, out, put, slice, value};
use crate::session::albert_session;
use crate::status::albert_status;
use albert_core::HeadFile;
use core::ffi::{c_char, c_void};

/// A checked head file. Opaque; borrows the file's bytes.
pub struct albert_head(HeadFile<'static>);

/// What a head file holds.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct albert_head_info {
    /// Elements of the vector that it reads: the encoder's hidden size.
    pub width: u32,
    /// Labels.
    pub num_labels: u32,
    /// An ALBERT_PROBLEM_ number: how logits become scores.
    pub problem_type: u32,
    /// What logits are divided by before they become scores.
    pub temperature: f32,
    /// Texts whose best score is below it are out of scope; 0 for none.
    pub threshold: f32,
}

// The header promises these to C programs that keep handles in static memory.
const _: () = assert!(size_of::<albert_head>() <= 512 && align_of::<albert_head>() <= 8);

/// Bytes of memory for a head handle; its alignment is that of a model handle.
#[unsafe(no_mangle)]
pub extern "C" fn albert_head_bytes() -> usize {
    size_of::<albert_head>()
}

/// Checks a head file and puts a handle into `memory`.
///
/// The file must start at a multiple of 64; file and handle must stay where they are, unchanged, as long as a session uses them.
/// albert_verify_checksum compares a head file's checksum, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_head_init(
    memory: *mut c_void,
    memory_bytes: usize,
    file: *const u8,
    file_bytes: usize,
    head: *mut *const albert_head,
    detail: *mut u64,
) -> albert_status {
    call!(detail, {
        let head = out(head)?;
        let checked = HeadFile::from_bytes(slice(file, file_bytes)?)?;
        head.write(put(memory, memory_bytes, albert_head(checked))?);
    })
}

/// Writes what the head file holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_head_describe(head: *const albert_head, info: *mut albert_head_info) -> albert_status {
    call!({
        let head = &value(head)?.0;
        let classifier = head.classifier();
        out(info)?.write(albert_head_info {
            width: head.width() as u32,
            num_labels: classifier.num_labels,
            problem_type: classifier.problem_type as u32,
            temperature: classifier.temperature,
            threshold: classifier.threshold,
        });
    })
}

/// Name of label `index`: UTF-8 in the head file, not ended by a zero. ALBERT_STATUS_NOT_FOUND when the file names none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_head_label(
    head: *const albert_head,
    index: usize,
    text: *mut *const c_char,
    text_bytes: *mut usize,
) -> albert_status {
    call!({
        let label = value(head)?.0.label(index).ok_or(albert_status::NotFound)?;
        let (text, text_bytes) = (out(text)?, out(text_bytes)?);
        text.write(label.as_ptr().cast());
        text_bytes.write(label.len());
    })
}

/// Classifies by a head file from now on, in place of the model's own head; null goes back to that. An inference that was under
/// way is dropped. albert_session_scores and the output's logits are the head's then.
///
/// ALBERT_STATUS_FILE_OTHER_ENCODER for a head that was fitted on another encoder, ALBERT_STATUS_ARGUMENT when the plan has no room
/// for its labels, ALBERT_STATUS_NO_RESULT when the session exits early and the head does not choose one label; the session is as
/// it was then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_set_head(
    session: *mut albert_session,
    head: *const albert_head,
) -> albert_status {
    call!({
        let session = handle(session)?;
        #[cfg(feature = "head-files")]
        session.0.set_head(if head.is_null() { None } else { Some(&value(head)?.0) })?;
        #[cfg(not(feature = "head-files"))]
        if !head.is_null() {
            let _ = session;
            return Err(albert_status::FileNotCompiledIn.into());
        }
    })
}
