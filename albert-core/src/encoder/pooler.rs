//! Pooler: `tanh(W x + b)` of the first token's hidden state.

use super::{Context, Rows, linear};
use crate::arena::Buffers;
use crate::config::Activation;
use crate::format::layout::role;
use crate::kernels::Store;

/// Pooled output of the hidden state's row `row`.
pub(crate) fn pool(context: &Context<'_>, buffers: &mut Buffers<'_>, row: usize) {
    let hidden = context.model.config().hidden_size as usize;
    let data = buffers.hidden.get_mut(row * hidden..(row + 1) * hidden).unwrap_or(&mut []);
    let mut x = Rows { data, stride: hidden, count: 1 };
    let mut out = Rows { data: buffers.pooled, stride: hidden, count: 1 };
    context.observer.show(role::POOLER, 0, &mut x, hidden);
    let pooler = context.model.linear(role::POOLER, 0);
    linear(context.kernels, &pooler, &mut x, Store::Activate(Activation::Tanh), &mut out, &mut buffers.scratch);
}
