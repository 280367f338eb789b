//! The encoder: embeddings, the shared layer, the pooler. Each function works on one tile of rows.

mod attention_f32;
mod attention_i8;
mod cache;
mod embeddings;
mod feed_forward;
mod linear;
mod linear_codebook;
mod pooler;
mod quantize;
pub(crate) mod team;

pub(crate) use cache::{Cache, CacheWriter, Heads, read, sum_cache, write};
pub(crate) use embeddings::embed;
pub(crate) use feed_forward::feed_forward;
pub(crate) use linear::{Columns, Rows, linear, multiply_group, prepare};
pub(crate) use pooler::pool;

use crate::build_features::FLOAT;
use crate::config::Precision;
use crate::executor::TileWork;
use crate::format::Model;
use crate::kernels::Kernels;
use crate::observer::Observing;

/// What every step needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Context<'m> {
    pub(crate) model: Model<'m>,
    pub(crate) kernels: Kernels,
    pub(crate) observer: Observing<'m>,
}

/// Keys and values of a tile, whose first row is a multiple of 4.
pub(crate) fn keys_values(context: &Context<'_>, block: usize, work: TileWork<'_>, cache: &CacheWriter<'_>) {
    match context.model.config().precision {
        Precision::Float if FLOAT => attention_f32::keys_values(context, block, work, cache),
        _ => attention_i8::keys_values(context, block, work, cache),
    }
}

/// Attention sub-layer of a tile, in place: `layer_norm(x + dense(attention(x)))`.
pub(crate) fn attention(context: &Context<'_>, block: usize, work: TileWork<'_>, cache: &Cache<'_>) {
    match context.model.config().precision {
        Precision::Float if FLOAT => attention_f32::attention(context, block, work, cache),
        _ => attention_i8::attention(context, block, work, cache),
    }
}
