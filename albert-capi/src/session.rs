//! Sessions: inputs in, results out.

use crate::call::call;
use crate::executor::albert_executor;
use crate::memory::{fresh, handle, optional, out, pair, place, put, slice, text, value};
use crate::model::{albert_model, albert_plan};
use crate::status::{Failure, albert_status};
use crate::tokenizer::albert_encode_options;
use albert_core::format::layout::ALIGNMENT;
use albert_core::kernels;
use albert_core::{ExitPolicy, Input, Positions, Progress, Session, SessionError};
use core::ffi::{CStr, c_char, c_void};

/// One inference at a time over a model. Opaque; borrows the model file's bytes and the arena.
pub struct albert_session(pub(crate) Session<'static, 'static>);

// The header promises these to C programs that keep handles in static memory.
const _: () = assert!(size_of::<albert_session>() <= 1024 && align_of::<albert_session>() <= 8);

/// Ids to run.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_input {
    /// Token ids with their special tokens.
    pub ids: *const u32,
    /// Number of ids.
    pub tokens: usize,
    /// A token type for each id, or null for 0 everywhere.
    pub token_types: *const u32,
    /// A number for each id, 0 for those that are not attended to, or null to attend to all.
    pub attention_mask: *const u32,
    /// An ALBERT_POSITIONS_ number: which hidden states are wanted.
    pub positions: u32,
    /// For ALBERT_POSITIONS_LISTED: positions, each once, in the order that the rows of the output are to have.
    pub listed: *const u32,
    /// Number of listed positions.
    pub listed_count: usize,
    /// Number of layers to run; 0 for all.
    pub layers: u32,
}

/// The hidden states that the head reads.
pub const ALBERT_POSITIONS_HEAD: u32 = 0;
/// All that the attention mask lets through.
pub const ALBERT_POSITIONS_ALL: u32 = 1;
/// Listed ones.
pub const ALBERT_POSITIONS_LISTED: u32 = 2;

/// Results in the arena; valid until the session is used again.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_output {
    /// Logits: `num_labels` for a head over the pooled output, `[rows][num_labels]` for a head over tokens, else none.
    pub logits: *const f32,
    /// Number of logits.
    pub logits_count: usize,
    /// Pooled output, `hidden_size` numbers, or null.
    pub pooled: *const f32,
    /// Last hidden states, `[rows][hidden_size]`.
    pub hidden: *const f32,
    /// Position of each row.
    pub positions: *const u32,
    /// Rows of hidden states.
    pub rows: usize,
    /// Layers that were run.
    pub layers: u32,
}

/// All layers are run.
pub const ALBERT_EXIT_NEVER: u32 = 0;
/// After this number of layers in a row that give the same label as the layer before them.
pub const ALBERT_EXIT_PATIENCE: u32 = 1;
/// After the first layer whose best label has this probability or more.
pub const ALBERT_EXIT_CONFIDENCE: u32 = 2;

/// Bytes of memory for a session handle.
#[unsafe(no_mangle)]
pub extern "C" fn albert_session_bytes() -> usize {
    size_of::<albert_session>()
}

/// Alignment of memory for a session handle.
#[unsafe(no_mangle)]
pub extern "C" fn albert_session_align() -> usize {
    align_of::<albert_session>()
}

/// Prepares `arena` for inputs within `plan` and puts a handle into `memory`.
///
/// `kernel_set` names a kernel set, or is null for the best one that this CPU runs. Results do not depend on it. The model's
/// handle is not needed any more; the file's bytes are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_init(
    memory: *mut c_void,
    memory_bytes: usize,
    model: *const albert_model,
    plan: *const albert_plan,
    arena: *mut u8,
    arena_bytes: usize,
    kernel_set: *const c_char,
    session: *mut *mut albert_session,
    detail: *mut u64,
) -> albert_status {
    call!(detail, {
        let (model, session) = (&value(model)?.0, out(session)?);
        let kernels = match kernel_set.is_null() {
            true => kernels::detect(),
            false => named(CStr::from_ptr(kernel_set))?,
        };
        let plan = value(plan)?.of(model);
        place::<albert_session>(memory, memory_bytes)?;
        // Filling an arena that is too small would damage a session that runs in it.
        let needed = plan.arena_bytes().saturating_add(arena.align_offset(ALIGNMENT));
        if let missing @ 1.. = needed.saturating_sub(arena_bytes) {
            Err(SessionError::ArenaTooSmall { missing })?;
        }
        let made = Session::with_kernels(model, plan, fresh(arena, arena_bytes)?, kernels)?;
        session.write(put(memory, memory_bytes, albert_session(made))?);
    })
}

fn named(name: &CStr) -> Result<kernels::Kernels, albert_status> {
    Ok(kernels::by_name(name.to_str().unwrap_or(""))?)
}

/// Lets `executor` run the tasks of a step side by side, as many as the plan has workers. It must outlive the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_set_executor(
    session: *mut albert_session,
    executor: *const albert_executor,
) -> albert_status {
    call!({
        handle(session)?.0.set_executor(value(executor)?);
    })
}

/// Ends inferences from now on before the last layer when an answer will do: `policy` is an ALBERT_EXIT_ number, `value` its
/// number of layers or probability. ALBERT_STATUS_NO_RESULT for a head that does not choose one label; an inference that was
/// under way is dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_set_early_exit(
    session: *mut albert_session,
    policy: u32,
    value: f32,
) -> albert_status {
    call!({
        let policy = exit_policy(policy, value)?;
        handle(session)?.0.set_early_exit(policy)?;
    })
}

/// The policy of an ALBERT_EXIT_ number and the number that goes with it.
pub(crate) fn exit_policy(policy: u32, value: f32) -> Result<Option<ExitPolicy>, albert_status> {
    match policy {
        ALBERT_EXIT_NEVER => Ok(None),
        ALBERT_EXIT_PATIENCE => Ok(Some(ExitPolicy::Patience(value as u32))),
        ALBERT_EXIT_CONFIDENCE => Ok(Some(ExitPolicy::Confidence(value))),
        _ => Err(albert_status::Argument),
    }
}

/// Takes ids in; an inference that was under way is dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_start_ids(
    session: *mut albert_session,
    input: *const albert_input,
    detail: *mut u64,
) -> albert_status {
    call!(detail, {
        let from = value(input)?;
        let each = |start: *const u32| slice(start, if start.is_null() { 0 } else { from.tokens });
        let positions = match from.positions {
            ALBERT_POSITIONS_HEAD => Positions::Head,
            ALBERT_POSITIONS_ALL => Positions::All,
            ALBERT_POSITIONS_LISTED => Positions::Listed(slice(from.listed, from.listed_count)?),
            _ => return Err(Failure::from(albert_status::Argument)),
        };
        let input = Input::new(slice(from.ids, from.tokens)?)
            .with_token_types(each(from.token_types)?)
            .with_attention_mask(each(from.attention_mask)?)
            .with_positions(positions);
        let input = if from.layers == 0 { input } else { input.with_layers(from.layers) };
        handle(session)?.0.start(&input)?;
    })
}

/// Takes a text in, or with a non-null `second` two texts; an inference that was under way is dropped. The text is cut to the
/// plan's tokens. `options` may be null for the usual ones. The arena serves as the tokenizer's memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_start_text(
    session: *mut albert_session,
    first: *const c_char,
    first_bytes: usize,
    second: *const c_char,
    second_bytes: usize,
    options: *const albert_encode_options,
    detail: *mut u64,
) -> albert_status {
    call!(detail, {
        let (first, second) = (text(first, first_bytes)?, pair(second, second_bytes)?);
        let options = optional(options)?.map_or(Ok(Default::default()), albert_encode_options::core)?;
        handle(session)?.0.start_text(first, second, &options)?;
    })
}

/// Does one bounded piece of work. ALBERT_STATUS_RUNNING when there is more to do, ALBERT_STATUS_OK when the output is
/// there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_step(session: *mut albert_session) -> albert_status {
    call!({
        if handle(session)?.0.step() == Progress::Running {
            return Err(albert_status::Running.into());
        }
    })
}

/// Does all the steps that are left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_finish(session: *mut albert_session) -> albert_status {
    loop {
        // SAFETY: the caller's pointer, as the header says.
        match unsafe { albert_session_step(session) } {
            albert_status::Running => {}
            status => return status,
        }
    }
}

/// Writes where the results lie. ALBERT_STATUS_NO_RESULT before the last step is done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_output(
    session: *mut albert_session,
    output: *mut albert_output,
) -> albert_status {
    call!({
        let place = out(output)?;
        let output = handle(session)?.0.output().ok_or(albert_status::NoResult)?;
        place.write(albert_output {
            logits: output.logits().as_ptr(),
            logits_count: output.logits().len(),
            pooled: output.pooled().map_or(core::ptr::null(), <[f32]>::as_ptr),
            hidden: output.last_hidden_state().as_ptr(),
            positions: output.positions().as_ptr(),
            rows: output.positions().len(),
            layers: output.layers(),
        });
    })
}
