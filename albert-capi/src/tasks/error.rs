//! Errors: a status for programs, a sentence for people.

use core::any::Any;
use core::ffi::{CStr, c_char};
use std::ffi::CString;
use std::string::{String, ToString};

use albert_edge::Error;
use albert_edge::albert_core::kernels::KernelError;

use super::object::free;
use crate::memory::report;
use crate::status::{albert_status, albert_status_name};

/// Why a call failed. Opaque; albert_error_free frees it.
pub struct albert_error {
    status: albert_status,
    message: CString,
    row: Option<usize>,
}

impl albert_error {
    pub(super) fn new(failure: Failure) -> Self {
        let Failure { status, message, row } = failure;
        // A zero byte would end the message early.
        let message = CString::new(message.replace('\0', "\u{fffd}")).unwrap_or_default();
        Self { status, message, row }
    }
}

/// The status that the call returned; ALBERT_STATUS_OK for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_error_status(error: *const albert_error) -> albert_status {
    // SAFETY: null or an error object.
    unsafe { error.as_ref() }.map_or(albert_status::Ok, |error| error.status)
}

/// What went wrong and what to do, in a line of UTF-8 that ends with a zero byte; valid until the error is freed. Empty for
/// null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_error_message(error: *const albert_error) -> *const c_char {
    // SAFETY: null or an error object.
    unsafe { error.as_ref() }.map_or(c"", |error| error.message.as_c_str()).as_ptr()
}

/// Whether one of several requests failed; `row` gets its index, from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_error_row(error: *const albert_error, row: *mut usize) -> bool {
    // SAFETY: null or an error object.
    let index = unsafe { error.as_ref() }.and_then(|error| error.row);
    if let Some(index) = index {
        // SAFETY: the caller's pointer.
        unsafe { report(row, index) };
    }
    index.is_some()
}

/// Frees an error; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_error_free(error: *mut albert_error) {
    // SAFETY: the header's promise.
    unsafe { free(error) };
}

/// What a call failed with.
pub(super) struct Failure {
    status: albert_status,
    message: String,
    row: Option<usize>,
}

impl Failure {
    pub(super) fn new(status: albert_status, message: impl ToString) -> Self {
        Self { status, message: message.to_string(), row: None }
    }

    /// The same of one of several inputs.
    pub(super) fn in_row(self, row: usize) -> Self {
        Self { row: Some(row), ..self }
    }

    pub(super) fn status(&self) -> albert_status {
        self.status
    }

    /// A bug, with what it said of itself.
    pub(super) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<&str>().map(ToString::to_string);
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::new(albert_status::Internal, said.unwrap_or_default())
    }
}

impl From<albert_status> for Failure {
    fn from(status: albert_status) -> Self {
        // SAFETY: static text that ends with a zero byte.
        let name = unsafe { CStr::from_ptr(albert_status_name(status as i32)) };
        Self::new(status, name.to_string_lossy())
    }
}

impl From<KernelError> for Failure {
    fn from(error: KernelError) -> Self {
        albert_status::from(error).into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Row { index, error } => Self { row: Some(index), ..Self::from(*error) },
            error => Self::new(status_of(&error), error),
        }
    }
}

fn status_of(error: &Error) -> albert_status {
    use albert_status as status;
    match error {
        Error::Open { .. } | Error::NotAFile { .. } | Error::EmptyFile { .. } => status::FileOpen,
        Error::OtherEncoder => status::FileOtherEncoder,
        Error::Format(error) | Error::HeadFormat(error) => crate::status::Failure::from(*error).0,
        Error::Checksum(_) => status::FileChecksum,
        Error::Head { .. }
        | Error::NoEntailmentLabel
        | Error::NoLabel { .. }
        | Error::NotARanker { .. }
        | Error::NoMaskToken
        | Error::NoExit => status::TaskModel,
        Error::NoTokenizer => status::TextNoTokenizer,
        Error::Option { .. }
        | Error::NoTarget
        | Error::Template
        | Error::StrideWithoutAggregation
        | Error::WindowTooSmall { .. }
        | Error::StrideTooLarge { .. } => status::TaskOption,
        Error::Missing(_) | Error::Unexpected { .. } => status::TaskRequest,
        Error::EmptyText => status::TextEmpty,
        Error::NoMask { .. } => status::TextNoMask,
        Error::TooLong { .. } => status::InputTooLong,
        Error::Encode(error) => crate::status::Failure::from(*error).0,
        Error::Input { error, .. } => crate::status::Failure::from(*error).0,
        Error::MemoryLimit { .. } => status::MemoryLimit,
        Error::OutOfMemory { .. } => status::OutOfMemory,
        Error::Threads { .. } => status::Threads,
        Error::Cancelled => status::Cancelled,
        Error::Row { error, .. } => status_of(error),
        _ => status::Internal,
    }
}
