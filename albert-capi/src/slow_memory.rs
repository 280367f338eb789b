//! For memory that is slower than the core: the busiest part of the arena in other memory, and weights that are copied while others
//! are multiplied.

#[cfg(feature = "weight-copies")]
use albert_core::CopyWeights;
use core::ffi::c_void;

#[cfg(any(feature = "fast-memory", feature = "weight-copies"))]
use crate::call::call;
#[cfg(any(feature = "fast-memory", feature = "weight-copies"))]
use crate::memory::{fresh, handle, out, value};
use crate::model::{albert_model, albert_plan};
use crate::session::albert_session;
use crate::status::albert_status;

/// Copies weights to RAM: by DMA, for example.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_copier {
    /// Copies `bytes` bytes, a multiple of 4, from `from` (a part of the model file) to `to`, calls `meanwhile(state)` once, and
    /// returns when both are done. `from` is aligned to 4 bytes, `to` to 64. `context` is the one below.
    pub copy: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            from: *const u8,
            to: *mut u8,
            bytes: usize,
            meanwhile: Option<unsafe extern "C" fn(state: *mut c_void)>,
            state: *mut c_void,
        ),
    >,
    /// Whatever `copy` needs.
    pub context: *mut c_void,
}

// SAFETY: the context goes to the caller's own function alone.
unsafe impl Sync for albert_copier {}

#[cfg(feature = "weight-copies")]
impl CopyWeights for albert_copier {
    fn copy(&self, from: &[u8], to: &mut [u8], mut meanwhile: &mut dyn FnMut()) {
        unsafe extern "C" fn call(state: *mut c_void) {
            // SAFETY: `state` is the address of `meanwhile` below, which nobody else uses until `copy` returns.
            let meanwhile = unsafe { &mut *state.cast::<&mut dyn FnMut()>() };
            meanwhile();
        }
        match self.copy {
            // SAFETY: the caller's function, as the header says; both slices are `to.len()` bytes long.
            Some(copy) => unsafe {
                let state = core::ptr::from_mut(&mut meanwhile).cast();
                copy(self.context, from.as_ptr(), to.as_mut_ptr(), to.len(), Some(call), state);
            },
            None => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        }
    }
}

/// Bytes of the memory that albert_session_set_fast_memory takes, from a multiple of ALBERT_ARENA_ALIGN on.
///
/// ALBERT_STATUS_NOT_COMPILED_IN in a library without the feature `fast-memory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fast_bytes(
    model: *const albert_model,
    plan: *const albert_plan,
    bytes: *mut usize,
) -> albert_status {
    #[cfg(feature = "fast-memory")]
    {
        call!({
            out(bytes)?.write(value(plan)?.of(&value(model)?.0).fast_bytes());
        })
    }
    #[cfg(not(feature = "fast-memory"))]
    {
        not_compiled_in((model, plan, bytes))
    }
}

/// Has the operands and sums of products lie in `memory` instead of the arena: for memory that is faster than the arena's, such as
/// tightly coupled RAM. It belongs to the session from now on. Results have the same bits; an inference that was under way is dropped.
///
/// ALBERT_STATUS_ARENA_TOO_SMALL with the missing bytes as detail; ALBERT_STATUS_NOT_COMPILED_IN in a library without the feature
/// `fast-memory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_set_fast_memory(
    session: *mut albert_session,
    memory: *mut u8,
    memory_bytes: usize,
    detail: *mut u64,
) -> albert_status {
    #[cfg(feature = "fast-memory")]
    {
        call!(detail, {
            handle(session)?.0.set_fast_memory(fresh(memory, memory_bytes)?)?;
        })
    }
    #[cfg(not(feature = "fast-memory"))]
    {
        not_compiled_in((session, memory, memory_bytes, detail))
    }
}

/// Bytes of the memory that albert_session_copy_weights needs for all linears, from a multiple of ALBERT_ARENA_ALIGN on: two panels
/// of 16 output channels of the linear with the most inputs. Several times as much saves instructions, less serves shorter panels.
///
/// ALBERT_STATUS_NOT_COMPILED_IN in a library without the feature `weight-copies`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_copied_bytes(
    model: *const albert_model,
    plan: *const albert_plan,
    bytes: *mut usize,
) -> albert_status {
    #[cfg(feature = "weight-copies")]
    {
        call!({
            out(bytes)?.write(value(plan)?.of(&value(model)?.0).copied_bytes());
        })
    }
    #[cfg(not(feature = "weight-copies"))]
    {
        not_compiled_in((model, plan, bytes))
    }
}

/// Has `copier` copy int8 and codebook weights to `memory` while those before them are multiplied: for model files in slow flash. Both
/// belong to the session from now on. Results have the same bits; an inference that was under way is dropped.
///
/// ALBERT_STATUS_NOT_COMPILED_IN in a library without the feature `weight-copies`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_copy_weights(
    session: *mut albert_session,
    copier: *const albert_copier,
    memory: *mut u8,
    memory_bytes: usize,
) -> albert_status {
    #[cfg(feature = "weight-copies")]
    {
        call!({
            handle(session)?.0.copy_weights(value(copier)?, fresh(memory, memory_bytes)?);
        })
    }
    #[cfg(not(feature = "weight-copies"))]
    {
        not_compiled_in((session, copier, memory, memory_bytes))
    }
}

/// What a library says that was built without a function; `_` are its arguments.
#[cfg(not(all(feature = "fast-memory", feature = "weight-copies")))]
fn not_compiled_in<A>(_: A) -> albert_status {
    albert_status::NotCompiledIn
}
