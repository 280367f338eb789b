//! Feed-forward sub-layer on a tile of rows.

use super::Context;
use super::linear::{Rows, linear};
use crate::arena::Buffers;
use crate::format::layout::role;
use crate::kernels::Store;
use core::ops::Range;

/// Feed-forward sub-layer of the rows in `tile`, in place: `layer_norm(x + ffn_output(activation(ffn(x))))`.
pub(crate) fn feed_forward(context: &Context<'_>, buffers: &mut Buffers<'_>, block: usize, tile: Range<usize>) {
    let (model, kernels) = (&context.model, context.kernels);
    let config = model.config();
    let (hidden, intermediate) = (config.hidden_size as usize, config.intermediate_size as usize);
    let rows = buffers.hidden.get_mut(tile.start * hidden..tile.end * hidden).unwrap_or(&mut []);
    let mut x = Rows { data: rows, stride: hidden, count: tile.len() };
    let mut wide = Rows { data: buffers.wide, stride: intermediate, count: tile.len() };
    context.observer.show(role::FFN, block, &mut x, hidden);
    let store = Store::Activate(config.hidden_act);
    linear(kernels, &model.linear(role::FFN, block), &mut x, store, &mut wide, &mut buffers.scratch);
    context.observer.show(role::FFN_OUTPUT, block, &mut wide, intermediate);
    linear(kernels, &model.linear(role::FFN_OUTPUT, block), &mut wide, Store::Add, &mut x, &mut buffers.scratch);
    let norm = model.norm(role::OUTPUT_NORM_WEIGHT, block);
    for row in x.iter_mut(hidden) {
        kernels.layer_norm(row, norm.weight, norm.bias, config.layer_norm_eps);
    }
}
