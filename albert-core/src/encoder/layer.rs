//! One layer: which operations, in which order. Written once; who does them, and in which precision, are parts.

use crate::attention::{CacheWriter, Caches};
use crate::context::Context;
use crate::format::layout::{GROUP_CHANNELS, role};
use crate::format::{Linear, Matrix, Norm};
use crate::kernels::Store;

/// The linear whose input an observer is shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) role: u16,
    pub(crate) block: usize,
}

/// A tile of rows and who works on it: the operations that a layer is made of.
///
/// A projection is what a linear makes of the hidden states, before another one takes it back to their width.
pub(crate) trait Tile {
    /// Quantizes the hidden states as the input of a linear with this matrix, once the observer has seen them.
    fn quantize_hidden(&mut self, context: &Context<'_>, matrix: &Matrix<'_>, shown: Option<Shown>);

    /// Computes keys and values of the quantized hidden states into the cache; with `query` also the queries, which stay as the
    /// projection.
    fn keys_values(
        &mut self,
        context: &Context<'_>,
        key: &Linear<'_>,
        value: &Linear<'_>,
        query: Option<&Linear<'_>>,
        cache: &CacheWriter<'_>,
    );

    /// Projects the quantized hidden states. `unit` output channels stay with one worker.
    fn project(&mut self, context: &Context<'_>, linear: &Linear<'_>, unit: usize, store: Store);

    /// Replaces the projection, which are queries, by their context.
    fn attend(&mut self, context: &Context<'_>, cache: &Caches<'_>);

    /// Quantizes the projection as the input of a linear with this matrix, once the observer has seen it.
    fn quantize_projection(&mut self, context: &Context<'_>, matrix: &Matrix<'_>, shown: Shown);

    /// `hidden = layer_norm(hidden + linear(projection))`; then quantizes the hidden states for the next linear, if there is one.
    fn add_and_normalize(
        &mut self,
        context: &Context<'_>,
        linear: &Linear<'_>,
        norm: &Norm<'_>,
        next: Option<(&Matrix<'_>, Shown)>,
    );
}

/// Keys and values of a tile into the cache; with `keep_queries` the queries are computed on the way and stay as the projection.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn keys_values(
    context: &Context<'_>,
    block: usize,
    tile: &mut impl Tile,
    cache: &CacheWriter<'_>,
    keep_queries: bool,
) {
    let [query, key, value] = [role::QUERY, role::KEY, role::VALUE].map(|role| context.model.linear(role, block));
    // All three read one input. One of them may have float weights, which need none quantized.
    let matrix = if key.matrix.is_integer() { &key.matrix } else { &value.matrix };
    tile.quantize_hidden(context, matrix, Some(Shown { role: role::QUERY, block }));
    tile.keys_values(context, &key, &value, keep_queries.then_some(&query), cache);
}

/// Attention sub-layer of a tile, in place: `layer_norm(x + output(attention(x)))`. With `queries` they are the projection already;
/// with `keep_quantized` the rows are quantized for the feed-forward sub-layer.
pub(crate) fn attention(
    context: &Context<'_>,
    block: usize,
    tile: &mut impl Tile,
    cache: &Caches<'_>,
    queries: bool,
    keep_quantized: bool,
) {
    let model = &context.model;
    if !queries {
        let query = model.linear(role::QUERY, block);
        tile.quantize_hidden(context, &query.matrix, None);
        tile.project(context, &query, cache.heads().size, Store::Write);
    }
    tile.attend(context, cache);
    let output = model.linear(role::ATTENTION_OUTPUT, block);
    tile.quantize_projection(context, &output.matrix, Shown { role: role::ATTENTION_OUTPUT, block });
    let norm = model.norm(role::ATTENTION_NORM_WEIGHT, block);
    if keep_quantized {
        let input = model.linear(role::FFN, block);
        let next = Some((&input.matrix, Shown { role: role::FFN, block }));
        tile.add_and_normalize(context, &output, &norm, next);
    } else {
        tile.add_and_normalize(context, &output, &norm, None);
    }
}

/// Feed-forward sub-layer of a tile, in place: `layer_norm(x + output(activation(input(x))))`; with `quantized` the rows have been
/// quantized for it.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn feed_forward(context: &Context<'_>, block: usize, tile: &mut impl Tile, quantized: bool) {
    let model = &context.model;
    let (input, output) = (model.linear(role::FFN, block), model.linear(role::FFN_OUTPUT, block));
    if !quantized {
        tile.quantize_hidden(context, &input.matrix, Some(Shown { role: role::FFN, block }));
    }
    tile.project(context, &input, GROUP_CHANNELS, Store::Activate(model.config().hidden_act));
    tile.quantize_projection(context, &output.matrix, Shown { role: role::FFN_OUTPUT, block });
    tile.add_and_normalize(context, &output, &model.norm(role::OUTPUT_NORM_WEIGHT, block), None);
}
