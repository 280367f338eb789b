//! Models that own or share the memory of their files.

use core::ffi::c_void;
use std::boxed::Box;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

use albert_edge::{HeadFile, Model};

use super::answer::call;
use super::error::{Failure, albert_error};
use super::object::free;
use super::text::{Texts, albert_text};
use crate::memory::{out, slice, value};
use crate::model::albert_config;
use crate::status::albert_status;

/// A model file, checked once. Opaque; may be used from any thread. Pipelines over it keep what they need of it, so it may be
/// freed before them.
pub struct albert_shared_model {
    pub(super) model: Model,
    labels: Vec<albert_text>,
    tasks: Vec<albert_text>,
    _texts: Texts,
}

impl albert_shared_model {
    fn boxed(model: Model) -> *mut Self {
        let mut texts = Texts::default();
        let labels = model.labels().into_iter().map(|label| texts.keep(label)).collect();
        let tasks = model.tasks().into_iter().map(|task| texts.keep(String::from(task.name()))).collect();
        Box::into_raw(Box::new(Self { model, labels, tasks, _texts: texts }))
    }
}

/// Maps the model file at `path` and checks its structure, in time proportional to the number of its tensors.
///
/// The file must not change while it is in use; replacing it by renaming a new file is safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_open(
    path: albert_text,
    model: *mut *mut albert_shared_model,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let model = out(model)?;
        let opened = Model::open(file_name(path)?)?;
        model.write(albert_shared_model::boxed(opened));
    })
}

/// On Unix a path is bytes; elsewhere it is UTF-8 here.
///
/// # Safety
/// As [`albert_text::get`].
unsafe fn file_name(path: albert_text) -> Result<PathBuf, Failure> {
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        // SAFETY: the caller's promise.
        let bytes = unsafe { slice(path.start.cast::<u8>(), path.bytes) }?;
        Ok(OsStr::from_bytes(bytes).into())
    }
    #[cfg(not(unix))]
    {
        // SAFETY: the caller's promise.
        Ok(unsafe { path.get() }?.unwrap_or_default().into())
    }
}

/// The model in a copy of `count` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_from_bytes(
    bytes: *const u8,
    count: usize,
    model: *mut *mut albert_shared_model,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let model = out(model)?;
        let copied = Model::from_bytes(slice(bytes, count)?)?;
        model.write(albert_shared_model::boxed(copied));
    })
}

/// The model in memory of the caller's: used in place when it starts at a multiple of 64, copied otherwise.
///
/// `release(context)` is called once, from any thread, when the memory is no longer needed: right away when it was copied or
/// the call fails. It may be null for memory that lives as long as the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_from_memory(
    bytes: *const u8,
    count: usize,
    release: Option<unsafe extern "C" fn(context: *mut c_void)>,
    context: *mut c_void,
    model: *mut *mut albert_shared_model,
    error: *mut *mut albert_error,
) -> albert_status {
    let owner = Owner { release, context, bytes: &[] };
    call!(error, {
        let mut owner = owner;
        let model = out(model)?;
        owner.bytes = slice(bytes, count)?;
        model.write(albert_shared_model::boxed(Model::from_owner(owner)?));
    })
}

/// Memory of the caller's, and how it is given back.
struct Owner {
    bytes: &'static [u8],
    release: Option<unsafe extern "C" fn(context: *mut c_void)>,
    context: *mut c_void,
}

// SAFETY: the bytes are only read; the header says that `release` may be called from any thread.
unsafe impl Send for Owner {}
// SAFETY: as above.
unsafe impl Sync for Owner {}

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.bytes
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller's function, as the header says.
            unsafe { release(self.context) };
        }
    }
}

/// The encoder of a model with the classifier of a head file, of which the bytes are copied: labels, tasks and scores are the
/// head's. It shares the memory of `model`, which may be freed before it.
///
/// ALBERT_STATUS_FILE_OTHER_ENCODER for a head that was fitted on another encoder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_with_head(
    model: *const albert_shared_model,
    head: *const u8,
    count: usize,
    made: *mut *mut albert_shared_model,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (model, made) = (value(model)?, out(made)?);
        let head = HeadFile::from_bytes(slice(head, count)?)?;
        made.write(albert_shared_model::boxed(model.model.with_head(&head)?));
    })
}

/// As albert_shared_model_with_head, with the head file at `path`, which is mapped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_with_head_file(
    model: *const albert_shared_model,
    path: albert_text,
    made: *mut *mut albert_shared_model,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (model, made) = (value(model)?, out(made)?);
        let head = HeadFile::open(file_name(path)?)?;
        made.write(albert_shared_model::boxed(model.model.with_head(&head)?));
    })
}

/// The bytes of the model file: what albert_model_init and the tokenizer's functions take. Valid until the model and all its
/// pipelines are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_bytes(
    model: *const albert_shared_model,
    bytes: *mut *const u8,
    count: *mut usize,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let (model, bytes, count) = (value(model)?, out(bytes)?, out(count)?);
        let file = model.model.bytes();
        bytes.write(file.as_ptr());
        count.write(file.len());
    })
}

/// Writes the network's configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_config(
    model: *const albert_shared_model,
    config: *mut albert_config,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let model = value(model)?;
        out(config)?.write(albert_config::of(model.model.config(), model.model.tokenizer().is_some()));
    })
}

/// Names of the labels: the file's, or LABEL_0 and so on. Valid until the model is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_labels(
    model: *const albert_shared_model,
    labels: *mut *const albert_text,
    count: *mut usize,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let (model, labels, count) = (value(model)?, out(labels)?, out(count)?);
        labels.write(model.labels.as_ptr());
        count.write(model.labels.len());
    })
}

/// Names of the tasks that the model serves, the one that it is made for first. Valid until the model is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_tasks(
    model: *const albert_shared_model,
    tasks: *mut *const albert_text,
    count: *mut usize,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let (model, tasks, count) = (value(model)?, out(tasks)?, out(count)?);
        tasks.write(model.tasks.as_ptr());
        count.write(model.tasks.len());
    })
}

/// Longest input in tokens, special tokens counted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_max_tokens(
    model: *const albert_shared_model,
    tokens: *mut usize,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let model = value(model)?;
        out(tokens)?.write(model.model.max_tokens());
    })
}

/// Compares the file's checksum with its bytes, and a head file's; reads every byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_verify_checksum(
    model: *const albert_shared_model,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let model = &value(model)?.model;
        model.verify_checksum()?;
        model.head().map_or(Ok(()), HeadFile::verify_checksum)?;
    })
}

/// Frees a model; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_shared_model_free(model: *mut albert_shared_model) {
    // SAFETY: the header's promise.
    unsafe { free(model) };
}
