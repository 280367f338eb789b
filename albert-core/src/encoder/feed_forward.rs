//! Feed-forward sub-layer on a tile of rows.

use super::Context;
use super::linear::{Rows, linear};
use crate::arena::Worker;
use crate::executor::TileWork;
use crate::format::layout::role;
use crate::kernels::Store;

/// Feed-forward sub-layer of a tile, in place: `layer_norm(x + ffn_output(activation(ffn(x))))`.
pub(crate) fn feed_forward(context: &Context<'_>, block: usize, work: TileWork<'_>) {
    let (model, kernels) = (&context.model, context.kernels);
    let config = model.config();
    let (width, intermediate) = (config.hidden_size as usize, config.intermediate_size as usize);
    let TileWork { rows, hidden, worker: Worker { wide, mut scratch, .. } } = work;
    let mut x = Rows { data: hidden, stride: width, count: rows.len() };
    let mut wide = Rows { data: wide, stride: intermediate, count: rows.len() };
    context.observer.show(role::FFN, block, &mut x, width);
    let store = Store::Activate(config.hidden_act);
    linear(kernels, &model.linear(role::FFN, block), &mut x, store, &mut wide, &mut scratch);
    context.observer.show(role::FFN_OUTPUT, block, &mut wide, intermediate);
    linear(kernels, &model.linear(role::FFN_OUTPUT, block), &mut wide, Store::Add, &mut x, &mut scratch);
    let norm = model.norm(role::OUTPUT_NORM_WEIGHT, block);
    kernels.layer_norm(x.data, width, norm.weight, norm.bias, config.layer_norm_eps);
}
