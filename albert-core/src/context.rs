//! What every step of a run knows.

use crate::format::Model;
use crate::kernels::Kernels;
use crate::observer::Observing;

/// Model, kernels and observer.
#[derive(Clone, Copy)]
pub(crate) struct Context<'m> {
    pub(crate) model: Model<'m>,
    pub(crate) kernels: Kernels,
    pub(crate) observer: Observing<'m>,
}
