//! Text to ids and back.

use crate::call::call;
use crate::memory::{fresh, optional, out, pair, report, slice, text, value};
use crate::model::albert_model;
use crate::status::albert_status;
use albert_core::tokenizer::{EncodeOptions, Offsets, Tokenizer, Truncation, memory_bytes};
use core::ffi::{c_char, c_void};
use core::fmt::Write;

/// How to tokenize.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_encode_options {
    /// Most tokens of the result, special tokens included; 0 for no limit.
    pub max_tokens: usize,
    /// An ALBERT_TRUNCATION_ number.
    pub truncation: u32,
    /// Leave [CLS] and [SEP] out.
    pub no_special_tokens: bool,
}

/// The longer text is cut to the shorter one's length, then both.
pub const ALBERT_TRUNCATION_LONGEST_FIRST: u32 = 0;
/// Only the first text is cut.
pub const ALBERT_TRUNCATION_ONLY_FIRST: u32 = 1;
/// Only the second text is cut.
pub const ALBERT_TRUNCATION_ONLY_SECOND: u32 = 2;
/// Nothing is cut; too many tokens are an error.
pub const ALBERT_TRUNCATION_DO_NOT_TRUNCATE: u32 = 3;

impl albert_encode_options {
    /// The core's options.
    pub(crate) fn core(&self) -> Result<EncodeOptions, albert_status> {
        let truncation = match self.truncation {
            ALBERT_TRUNCATION_LONGEST_FIRST => Truncation::LongestFirst,
            ALBERT_TRUNCATION_ONLY_FIRST => Truncation::OnlyFirst,
            ALBERT_TRUNCATION_ONLY_SECOND => Truncation::OnlySecond,
            ALBERT_TRUNCATION_DO_NOT_TRUNCATE => Truncation::DoNotTruncate,
            _ => return Err(albert_status::Argument),
        };
        Ok(EncodeOptions {
            max_tokens: (self.max_tokens != 0).then_some(self.max_tokens),
            truncation,
            add_special_tokens: !self.no_special_tokens,
            surfaces: false,
        })
    }
}

/// Where a token lies in its text, in Unicode code points.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_offsets {
    pub start: u32,
    pub end: u32,
}

const _: () = assert!(size_of::<Offsets>() == size_of::<albert_offsets>());

/// Tokens in the caller's memory; every array has `tokens` elements.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_encoding {
    pub tokens: usize,
    pub ids: *const u32,
    /// 0 for the first text, 1 for the second.
    pub token_types: *const u8,
    /// 1 for tokens that were added around the text.
    pub special_tokens_mask: *const u8,
    pub offsets: *const albert_offsets,
}

/// Memory that always suffices for encoding: for `tokens` tokens (twice that for a pair) and words of up to `longest_word`
/// code points.
#[unsafe(no_mangle)]
pub extern "C" fn albert_encode_memory_bytes(tokens: usize, longest_word: usize) -> usize {
    memory_bytes(tokens, longest_word)
}

/// Encodes a text, or with a non-null `second` two texts, into `memory`. `options` may be null for the usual ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_encode(
    model: *const albert_model,
    first: *const c_char,
    first_bytes: usize,
    second: *const c_char,
    second_bytes: usize,
    options: *const albert_encode_options,
    memory: *mut c_void,
    memory_bytes: usize,
    encoding: *mut albert_encoding,
    detail: *mut u64,
) -> albert_status {
    call!(detail, {
        let (tokenizer, place) = (tokenizer(model)?, out(encoding)?);
        let (first, second) = (text(first, first_bytes)?, pair(second, second_bytes)?);
        let options = optional(options)?.map_or(Ok(Default::default()), albert_encode_options::core)?;
        let memory = fresh(memory.cast::<u8>(), memory_bytes)?;
        let encoding = tokenizer.encode(first, second, &options, memory)?;
        place.write(albert_encoding {
            tokens: encoding.len(),
            ids: encoding.ids().as_ptr(),
            token_types: encoding.type_ids().as_ptr(),
            special_tokens_mask: encoding.special_tokens_mask().as_ptr(),
            offsets: encoding.offsets().as_ptr().cast(),
        });
    })
}

/// Writes the text of `ids`, UTF-8 without a zero at its end. `out_bytes` becomes the length of the whole text, also when it
/// does not fit (ALBERT_STATUS_BUFFER_TOO_SMALL); `out` may be null to ask for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_decode(
    model: *const albert_model,
    ids: *const u32,
    count: usize,
    skip_special_tokens: bool,
    out: *mut c_char,
    capacity: usize,
    out_bytes: *mut usize,
) -> albert_status {
    call!({
        let capacity = if out.is_null() { 0 } else { capacity };
        let mut buffer = Buffer { free: fresh(out.cast::<u8>(), capacity)?, length: 0 };
        let written = tokenizer(model)?.decode(slice(ids, count)?, skip_special_tokens, &mut buffer);
        report(out_bytes, buffer.length);
        if buffer.length > capacity || written.is_err() {
            return Err(albert_status::BufferTooSmall.into());
        }
    })
}

/// Keeps what fits and counts everything.
struct Buffer<'b> {
    free: &'b mut [u8],
    length: usize,
}

impl Write for Buffer<'_> {
    fn write_str(&mut self, part: &str) -> core::fmt::Result {
        self.length = self.length.saturating_add(part.len());
        let (taken, rest) =
            core::mem::take(&mut self.free).split_at_mut_checked(part.len()).unwrap_or((&mut [], &mut []));
        taken.iter_mut().zip(part.as_bytes()).for_each(|(place, &byte)| *place = byte);
        self.free = rest;
        Ok(())
    }
}

/// Token of an id: UTF-8 in the model file, not ended by a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_token(
    model: *const albert_model,
    id: u32,
    token: *mut *const c_char,
    token_bytes: *mut usize,
) -> albert_status {
    call!({
        let found = tokenizer(model)?.id_to_token(id).ok_or(albert_status::NotFound)?;
        let (token, token_bytes) = (out(token)?, out(token_bytes)?);
        token.write(found.as_ptr().cast());
        token_bytes.write(found.len());
    })
}

/// Id of a token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_token_id(
    model: *const albert_model,
    token: *const c_char,
    token_bytes: usize,
    id: *mut u32,
) -> albert_status {
    call!({
        let found = tokenizer(model)?.token_to_id(text(token, token_bytes)?).ok_or(albert_status::NotFound)?;
        out(id)?.write(found);
    })
}

/// Special tokens of [`albert_special_token`]: [CLS].
pub const ALBERT_TOKEN_CLS: u32 = 0;
/// [SEP].
pub const ALBERT_TOKEN_SEP: u32 = 1;
/// [MASK].
pub const ALBERT_TOKEN_MASK: u32 = 2;
/// Padding.
pub const ALBERT_TOKEN_PAD: u32 = 3;
/// Unknown.
pub const ALBERT_TOKEN_UNK: u32 = 4;

/// Id of a special token, by its ALBERT_TOKEN_ number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_special_token(model: *const albert_model, token: u32, id: *mut u32) -> albert_status {
    call!({
        let tokenizer = tokenizer(model)?;
        let found = match token {
            ALBERT_TOKEN_CLS => tokenizer.cls(),
            ALBERT_TOKEN_SEP => tokenizer.sep(),
            ALBERT_TOKEN_MASK => tokenizer.mask(),
            ALBERT_TOKEN_PAD => tokenizer.pad(),
            ALBERT_TOKEN_UNK => tokenizer.unk(),
            _ => return Err(albert_status::Argument.into()),
        };
        out(id)?.write(found.ok_or(albert_status::NotFound)?);
    })
}

/// The model's tokenizer.
///
/// # Safety
/// `model` is null or a handle.
pub(crate) unsafe fn tokenizer(model: *const albert_model) -> Result<Tokenizer<'static>, albert_status> {
    // SAFETY: the caller's promise.
    unsafe { value(model) }?.0.tokenizer().ok_or(albert_status::TextNoTokenizer)
}
