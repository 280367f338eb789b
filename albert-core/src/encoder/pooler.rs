//! Pooler: `tanh(W x + b)` of the first token's hidden state.

use super::{Context, Rows, linear};
use crate::arena::{Shared, Worker};
use crate::config::Activation;
use crate::format::layout::role;
use crate::kernels::Store;

/// Pooled output of the hidden state's row `row`.
pub(crate) fn pool(context: &Context<'_>, shared: &mut Shared<'_>, worker: &mut Worker<'_>, row: usize) {
    let width = context.model.config().hidden_size as usize;
    let data = shared.hidden.get_mut(row * width..(row + 1) * width).unwrap_or(&mut []);
    let mut x = Rows { data, stride: width, count: 1 };
    let mut out = Rows { data: shared.pooled, stride: width, count: 1 };
    context.observer.show(role::POOLER, 0, &mut x, width);
    let pooler = context.model.linear(role::POOLER, 0);
    linear(context.kernels, &pooler, &mut x, Store::Activate(Activation::Tanh), &mut out, &mut worker.scratch);
}
