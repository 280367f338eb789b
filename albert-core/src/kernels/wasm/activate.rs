//! Activation functions on four lanes, in a pass of their own: fused with dequantization in sixteen, as elsewhere, they would be a
//! tenth of a page's module.

use super::lanes::{Four, WasmLanes};
use crate::config::Activation;
use crate::kernels::simd16::rows::{Plain, Residual, dequantize_with};
use crate::kernels::{Channels, RowScale, Store, Tile, math};
use crate::slices::part_mut;

#[target_feature(enable = "simd128")]
pub(super) fn dequantize(
    tile: &Tile,
    sums: &[i32],
    rows: &[RowScale],
    channels: &Channels<'_>,
    store: Store,
    out: &mut [f32],
) {
    let proof = WasmLanes::here();
    if store == Store::Add {
        return dequantize_with::<WasmLanes, Residual>(proof, tile, sums, rows, channels, out);
    }
    dequantize_with::<WasmLanes, Plain>(proof, tile, sums, rows, channels, out);
    if let Store::Activate(activation) = store {
        for row in out.chunks_mut(tile.row_outputs.max(1)).take(tile.rows) {
            activate(activation, part_mut(row, ..tile.channels));
        }
    }
}

#[target_feature(enable = "simd128")]
pub(super) fn activate(activation: Activation, x: &mut [f32]) {
    macro_rules! table {
        ($($name:ident => $function:ident,)*) => {
            match activation {
                Activation::Linear => {}
                $(Activation::$name => map(x, |x| math::$function(x)),)*
            }
        };
    }
    math::activations!(table)
}

/// Replaces every element by the function of it.
#[target_feature(enable = "simd128")]
#[inline]
fn map(x: &mut [f32], function: impl Fn(Four) -> Four) {
    let (chunks, tail) = x.as_chunks_mut::<4>();
    let mut padded = [0.0; 4];
    padded.iter_mut().zip(&*tail).for_each(|(place, &value)| *place = value);
    // One loop for both, so that the function is there once.
    for index in 0..=chunks.len() {
        let chunk = chunks.get_mut(index).unwrap_or(&mut padded);
        function(Four::load(chunk)).store(chunk);
    }
    tail.iter_mut().zip(padded).for_each(|(place, value)| *place = value);
}
