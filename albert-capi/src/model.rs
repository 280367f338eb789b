//! Model files.

use crate::call::call;
use crate::memory::{out, put, slice, value};
use crate::status::{Failure, albert_status};
use albert_core::{Config, Model, Plan};
use core::ffi::{c_char, c_void};

/// A checked model file. Opaque; borrows the file's bytes.
pub struct albert_model(pub(crate) Model<'static>);

/// What the network is. Names are those of the Hugging Face `config.json`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct albert_config {
    pub vocab_size: u32,
    pub embedding_size: u32,
    pub hidden_size: u32,
    pub intermediate_size: u32,
    pub num_hidden_layers: u32,
    pub num_hidden_groups: u32,
    pub inner_group_num: u32,
    pub num_attention_heads: u32,
    /// Longest input, in tokens.
    pub max_position_embeddings: u32,
    pub type_vocab_size: u32,
    /// An ALBERT_HEAD_ number.
    pub head: u32,
    /// Outputs of the head.
    pub num_labels: u32,
    /// An ALBERT_PROBLEM_ number: how logits become scores.
    pub problem_type: u32,
    /// Whether there is a pooled output.
    pub pooler: bool,
    /// Whether the file has a tokenizer.
    pub tokenizer: bool,
}

impl albert_config {
    pub(crate) fn of(from: &Config, tokenizer: bool) -> Self {
        Self {
            vocab_size: from.vocab_size,
            embedding_size: from.embedding_size,
            hidden_size: from.hidden_size,
            intermediate_size: from.intermediate_size,
            num_hidden_layers: from.num_hidden_layers,
            num_hidden_groups: from.num_hidden_groups,
            inner_group_num: from.inner_group_num,
            num_attention_heads: from.num_attention_heads,
            max_position_embeddings: from.max_position_embeddings,
            type_vocab_size: from.type_vocab_size,
            head: from.head as u32,
            num_labels: from.num_labels,
            problem_type: from.problem_type as u32,
            pooler: from.pooler,
            tokenizer,
        }
    }
}

/// Head of the network: hidden states only.
pub const ALBERT_HEAD_NONE: u32 = 0;
/// One label, several, or a value, for the whole input.
pub const ALBERT_HEAD_SEQUENCE_CLASSIFICATION: u32 = 1;
/// A label for every token.
pub const ALBERT_HEAD_TOKEN_CLASSIFICATION: u32 = 2;
/// Start and end of an answer: two logits a token.
pub const ALBERT_HEAD_QUESTION_ANSWERING: u32 = 3;
/// One logit for each choice; run one input a choice.
pub const ALBERT_HEAD_MULTIPLE_CHOICE: u32 = 4;
/// Vocabulary logits for a row of the hidden states.
pub const ALBERT_HEAD_MASKED_LM: u32 = 5;
/// Vocabulary logits, and two logits for the order of two texts.
pub const ALBERT_HEAD_PRE_TRAINING: u32 = 6;

/// Scores are a softmax over the labels.
pub const ALBERT_PROBLEM_SINGLE_LABEL: u32 = 0;
/// Scores are a sigmoid for each label.
pub const ALBERT_PROBLEM_MULTI_LABEL: u32 = 1;
/// Scores are the logits.
pub const ALBERT_PROBLEM_REGRESSION: u32 = 2;

/// How a session divides its arena.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_plan {
    /// Longest input, in tokens, special tokens counted; more than the model has positions counts as that many.
    pub max_tokens: u32,
    /// Rows that go through a layer at a time; 0 for the usual 16. Fewer need less memory and make shorter steps.
    pub tile_rows: u32,
    /// Tasks that an executor may run side by side; 0 for one.
    pub workers: u32,
    /// Most labels of a head file that albert_session_set_head puts beside the model; 0 for none.
    pub labels: u32,
}

impl albert_plan {
    /// The core's plan for a model.
    pub(crate) fn of(&self, model: &Model<'_>) -> Plan {
        let plan = Plan::new(model.config(), self.max_tokens as usize).with_workers(self.workers as usize);
        let plan = plan.with_labels(self.labels as usize);
        if self.tile_rows == 0 { plan } else { plan.with_tile_rows(self.tile_rows as usize) }
    }
}

// The header promises these to C programs that keep handles in static memory.
const _: () = assert!(size_of::<albert_model>() <= 448 && align_of::<albert_model>() <= 8);

/// Bytes of memory for a model handle.
#[unsafe(no_mangle)]
pub extern "C" fn albert_model_bytes() -> usize {
    size_of::<albert_model>()
}

/// Alignment of memory for a model handle.
#[unsafe(no_mangle)]
pub extern "C" fn albert_model_align() -> usize {
    align_of::<albert_model>()
}

/// Checks a model file, in time proportional to the number of its tensors, and puts a handle into `memory`.
///
/// The file must start at a multiple of 64 and stay where it is, unchanged, as long as the handle or a session is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_model_init(
    memory: *mut c_void,
    memory_bytes: usize,
    file: *const u8,
    file_bytes: usize,
    model: *mut *const albert_model,
    detail: *mut u64,
) -> albert_status {
    call!(detail, {
        let model = out(model)?;
        let checked = Model::from_bytes(slice(file, file_bytes)?)?;
        model.write(put(memory, memory_bytes, albert_model(checked))?);
    })
}

/// Compares the checksum of a model file; reads every byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_verify_checksum(file: *const u8, file_bytes: usize, detail: *mut u64) -> albert_status {
    call!(detail, {
        let verified = albert_core::format::verify_checksum(slice(file, file_bytes)?);
        verified.map_err(|error| Failure(albert_status::FileChecksum, error.computed.into()))?;
    })
}

/// Writes the network's configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_model_config(model: *const albert_model, config: *mut albert_config) -> albert_status {
    call!({
        let model = value(model)?;
        out(config)?.write(albert_config::of(model.0.config(), model.0.tokenizer().is_some()));
    })
}

/// Name of label `index`: UTF-8 in the model file, not ended by a zero. ALBERT_STATUS_NOT_FOUND when the file names none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_model_label(
    model: *const albert_model,
    index: usize,
    text: *mut *const c_char,
    text_bytes: *mut usize,
) -> albert_status {
    call!({
        let label = value(model)?.0.label(index).ok_or(albert_status::NotFound)?;
        let (text, text_bytes) = (out(text)?, out(text_bytes)?);
        text.write(label.as_ptr().cast());
        text_bytes.write(label.len());
    })
}

/// Bytes of the arena that a session with this plan needs, from a multiple of ALBERT_ARENA_ALIGN on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_arena_bytes(
    model: *const albert_model,
    plan: *const albert_plan,
    bytes: *mut usize,
) -> albert_status {
    call!({
        out(bytes)?.write(value(plan)?.of(&value(model)?.0).arena_bytes());
    })
}
