//! Attention: keys and values of a layer, and the context of queries, of an int8 or a float model.

mod f32;
mod i8;
mod kv_cache;

pub(crate) use kv_cache::{CacheWriter, Caches, places_behind, sum_cache};

use crate::build_features::FLOAT;
use crate::config::Precision;
use crate::kernels::Kernels;
use crate::memory::arena::{AttentionScratch, Scratch};
use crate::slices::{part, part_mut};
use core::ops::Range;

/// What a linear has made of a tile's rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Projected {
    Keys,
    Values,
}

/// Puts the keys or the values of a tile's rows and of some heads into their places; a row of `x` holds those heads. The caller has
/// these rows or these heads for itself. `bytes` is scratch.
pub(crate) fn store(
    kernels: Kernels,
    what: Projected,
    x: &[f32],
    rows: Range<usize>,
    caches: &CacheWriter<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let width = heads.len() * caches.heads().size;
    for own in caches.shares(rows) {
        let x = part(x, own.start * width..(own.start + own.tokens.len()) * width);
        let (tokens, heads) = (own.tokens.clone(), heads.clone());
        match (own.precision(), what) {
            (Precision::Float, Projected::Keys) if FLOAT => f32::store_keys(x, tokens, &own, heads),
            (Precision::Float, Projected::Values) if FLOAT => f32::store_values(x, tokens, &own, heads),
            (_, Projected::Keys) => i8::store_keys(kernels, x, tokens, &own, heads, bytes),
            (_, Projected::Values) => i8::store_values(kernels, x, tokens, &own, heads, bytes),
        }
    }
}

/// Replaces the queries of a tile's rows, which hold these heads and nothing else, by their context: each row that of the keys and
/// values of its own sequence.
pub(crate) fn attend(
    kernels: Kernels,
    caches: &Caches<'_>,
    rows: Range<usize>,
    heads: Range<usize>,
    queries: &mut [f32],
    attention: &mut AttentionScratch<'_>,
    scratch: &mut Scratch<'_>,
) {
    let width = heads.len() * caches.heads().size;
    for (start, count, cache) in caches.shares(rows) {
        let queries = part_mut(queries, start * width..(start + count) * width);
        match cache.heads.precision {
            Precision::Float if FLOAT => f32::attend(kernels, &cache, heads.clone(), queries, attention, scratch),
            _ => i8::attend(kernels, &cache, heads.clone(), queries, attention, scratch),
        }
    }
}
