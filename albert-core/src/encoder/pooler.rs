//! Pooler: `activation(W x + b)` of the first token's hidden state; the activation is tanh in ALBERT and BERT.

use super::{Context, Rows, linear};
use crate::arena::{Shared, Worker};
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
    let store = Store::Activate(context.model.pooler_act());
    linear(context.kernels, &pooler, &mut x, store, &mut out, &mut worker.scratch);
}
