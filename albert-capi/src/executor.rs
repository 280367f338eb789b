//! Threads of the caller.

use albert_core::executor::Executor;
use core::ffi::c_void;

/// Runs independent tasks on threads of the caller's.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_executor {
    /// Calls `task(state, index)` once with each index below `tasks`, side by side or not, and returns when all calls have
    /// returned. `context` is the one below.
    pub run: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            tasks: usize,
            task: Option<unsafe extern "C" fn(state: *const c_void, index: usize)>,
            state: *const c_void,
        ),
    >,
    /// Whatever `run` needs.
    pub context: *mut c_void,
}

// SAFETY: the context goes to the caller's own function alone.
unsafe impl Sync for albert_executor {}

impl Executor for albert_executor {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        unsafe extern "C" fn call(state: *const c_void, index: usize) {
            // SAFETY: `state` is the reference to `task` below, which lives until `run` returns.
            let task = unsafe { &*state.cast::<&(dyn Fn(usize) + Sync)>() };
            task(index);
        }
        match self.run {
            // SAFETY: the caller's function, as the header says.
            Some(run) => unsafe { run(self.context, tasks, Some(call), core::ptr::from_ref(&task).cast()) },
            None => (0..tasks).for_each(task),
        }
    }
}
