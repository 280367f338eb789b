//! The encoder: embeddings, the shared layer, the pooler. Each function works on one tile of rows.

mod attention_f32;
mod attention_i8;
mod embeddings;
mod feed_forward;
mod linear;
mod pooler;
mod quantize;

pub(crate) use embeddings::embed;
pub(crate) use feed_forward::feed_forward;
pub(crate) use linear::{Columns, Rows, linear, multiply_group, prepare};
pub(crate) use pooler::pool;

use crate::arena::Buffers;
use crate::config::Precision;
use crate::format::Model;
use crate::kernels::Kernels;
use crate::observer::Observing;
use core::ops::Range;

/// What every step needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Context<'m> {
    pub(crate) model: Model<'m>,
    pub(crate) kernels: Kernels,
    pub(crate) observer: Observing<'m>,
    /// Tokens that are attended to: the first rows of the hidden state.
    pub(crate) keys: usize,
}

/// Keys and values of the key rows in `tile`.
pub(crate) fn keys_values(context: &Context<'_>, buffers: &mut Buffers<'_>, block: usize, tile: Range<usize>) {
    match context.model.config().precision {
        Precision::Int8 => attention_i8::keys_values(context, buffers, block, tile),
        Precision::Float => attention_f32::keys_values(context, buffers, block, tile),
    }
}

/// Attention sub-layer of the rows in `tile`, in place: `layer_norm(x + dense(attention(x)))`.
pub(crate) fn attention(context: &Context<'_>, buffers: &mut Buffers<'_>, block: usize, tile: Range<usize>) {
    match context.model.config().precision {
        Precision::Int8 => attention_i8::attention(context, buffers, block, tile),
        Precision::Float => attention_f32::attention(context, buffers, block, tile),
    }
}
