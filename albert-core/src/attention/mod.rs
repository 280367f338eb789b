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

/// Puts the keys of a tile's rows and of some heads into their places; a row of `x` holds those heads. The caller has these rows or
/// these heads for itself. `bytes` is scratch.
pub(crate) fn store_keys(
    kernels: Kernels,
    x: &[f32],
    rows: Range<usize>,
    caches: &CacheWriter<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let width = heads.len() * caches.heads().size;
    for own in caches.shares(rows) {
        let x = part(x, own.start * width..(own.start + own.tokens.len()) * width);
        match own.precision() {
            Precision::Float if FLOAT => f32::store_keys(x, own.tokens.clone(), &own, heads.clone()),
            _ => i8::store_keys(kernels, x, own.tokens.clone(), &own, heads.clone(), bytes),
        }
    }
}

/// As [`store_keys`], the values.
pub(crate) fn store_values(
    kernels: Kernels,
    x: &[f32],
    rows: Range<usize>,
    caches: &CacheWriter<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let width = heads.len() * caches.heads().size;
    for own in caches.shares(rows) {
        let x = part(x, own.start * width..(own.start + own.tokens.len()) * width);
        match own.precision() {
            Precision::Float if FLOAT => f32::store_values(x, own.tokens.clone(), &own, heads.clone()),
            _ => i8::store_values(kernels, x, own.tokens.clone(), &own, heads.clone(), bytes),
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
