//! What a caller sees of a call that is under way.

use alloc::sync::Arc;
use core::ops::ControlFlow;

/// Progress of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A step of an inference is done.
    Step,
    /// This many rows of a batch are done.
    Rows(usize),
}

pub(super) type Watch = Arc<dyn Fn(Event) -> ControlFlow<()> + Send + Sync>;
