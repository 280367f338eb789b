//! Special-token operations on ids, and what a vocabulary holds: the operations of the original tokenizer that need no text.

use crate::call::call;
use crate::memory::{fresh, out, report, slice};
use crate::model::albert_model;
use crate::status::{Failure, albert_status};
use crate::tokenizer::tokenizer;
use albert_core::tokenizer::Tokenizer;

/// Number of special tokens that go around one text, or around a pair.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_special_token_count(
    model: *const albert_model,
    pair: bool,
    count: *mut usize,
) -> albert_status {
    call!({
        out(count)?.write(tokenizer(model)?.special_token_count(pair));
    })
}

/// Puts the special tokens around the ids of one text, or with `pair` of two texts: [CLS] first [SEP] second [SEP]. `written`
/// becomes the number of ids, also when `out` does not hold them (ALBERT_STATUS_BUFFER_TOO_SMALL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_build_inputs(
    model: *const albert_model,
    first: *const u32,
    first_count: usize,
    second: *const u32,
    second_count: usize,
    pair: bool,
    out: *mut u32,
    capacity: usize,
    written: *mut usize,
) -> albert_status {
    call!({
        write(model, out, capacity, written, |tokenizer, out| {
            let second = slice(second, second_count)?;
            Ok(tokenizer.build_inputs(slice(first, first_count)?, pair.then_some(second), out)?)
        })?;
    })
}

/// 1 where albert_build_inputs puts special tokens into texts of `first_count` and `second_count` ids, else 0; `out` and `written` as there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_special_tokens_mask(
    model: *const albert_model,
    first_count: usize,
    second_count: usize,
    pair: bool,
    out: *mut u8,
    capacity: usize,
    written: *mut usize,
) -> albert_status {
    call!({
        write(model, out, capacity, written, |tokenizer, out| {
            Ok(tokenizer.special_tokens_mask(first_count, pair.then_some(second_count), out)?)
        })?;
    })
}

/// Token types of what albert_build_inputs makes of texts of `first_count` and `second_count` ids; `out` and `written` as there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_token_types(
    model: *const albert_model,
    first_count: usize,
    second_count: usize,
    pair: bool,
    out: *mut u8,
    capacity: usize,
    written: *mut usize,
) -> albert_status {
    call!({
        write(model, out, capacity, written, |tokenizer, out| {
            Ok(tokenizer.token_types(first_count, pair.then_some(second_count), out)?)
        })?;
    })
}

/// Whether an id is a special token's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_is_special_token(
    model: *const albert_model,
    id: u32,
    special: *mut bool,
) -> albert_status {
    call!({
        out(special)?.write(tokenizer(model)?.is_special(id));
    })
}

/// Number of tokens of the vocabulary; albert_token names those of the ids from 0 on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_vocabulary_size(model: *const albert_model, tokens: *mut usize) -> albert_status {
    call!({
        out(tokens)?.write(tokenizer(model)?.vocab_size());
    })
}

/// Lets `fill` write into C's array and reports how many elements the result has.
///
/// # Safety
/// `model` is null or a handle; `out` is null or valid for writing `capacity` elements, `written` null or valid for writing.
unsafe fn write<T: Copy + Default>(
    model: *const albert_model,
    out: *mut T,
    capacity: usize,
    written: *mut usize,
    fill: impl FnOnce(Tokenizer<'static>, &mut [T]) -> Result<usize, Failure>,
) -> Result<(), Failure> {
    let capacity = if out.is_null() { 0 } else { capacity };
    // SAFETY: the caller's promise.
    let filled = unsafe { fill(tokenizer(model)?, fresh(out, capacity)?) };
    let elements = match filled {
        Ok(elements) => elements,
        Err(Failure(albert_status::BufferTooSmall, needed)) => needed as usize,
        Err(failure) => return Err(failure),
    };
    // SAFETY: the caller's promise.
    unsafe { report(written, elements) };
    filled.map(|_| ())
}
