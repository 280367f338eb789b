//! Values of products on cores without vectors: four channels at a time, for all rows.
//!
//! Scales, sums and biases of channels may lie in slow flash. They are read once into registers, and rows go by.

use super::{Channels, RowScale, Store, Tile, scalar};
use crate::config::Activation;
use crate::slices::part_mut;

/// # Safety
/// The sizes fit the slices.
pub(super) unsafe fn dequantize(
    tile: &Tile,
    sums: &[i32],
    rows: &[RowScale],
    channels: &Channels<'_>,
    store: Store,
    out: &mut [f32],
) {
    let (scales, channel_sums, biases) = (channels.scales.as_ptr(), channels.sums.as_ptr(), channels.bias.as_ptr());
    let add = store == Store::Add;
    let mut first = 0;
    while first < tile.channels {
        let (mut sum, mut value) = (sums.as_ptr().wrapping_add(first), out.as_mut_ptr().wrapping_add(first));
        let rows = rows.iter().take(tile.rows);
        // SAFETY: one channel or four, and all rows, are among those of the tile, whose sizes fit the slices.
        unsafe {
            if tile.channels - first >= 4 {
                let [e, f, g, h] = scales.add(first).cast::<[f32; 4]>().read();
                let [i, j, k, l] = channel_sums.add(first).cast::<[i32; 4]>().read();
                let [m, n, o, p] = biases.add(first).cast::<[f32; 4]>().read();
                for row in rows {
                    let [a, b, c, d] = sum.cast::<[i32; 4]>().read();
                    let [mut a, mut b, mut c, mut d] =
                        [of(a, e, i, m, row), of(b, f, j, n, row), of(c, g, k, o, row), of(d, h, l, p, row)];
                    if add {
                        let [q, r, s, t] = value.cast::<[f32; 4]>().read();
                        (a, b, c, d) = (q + a, r + b, s + c, t + d);
                    }
                    value.cast::<[f32; 4]>().write([a, b, c, d]);
                    sum = sum.wrapping_add(tile.row_sums);
                    value = value.wrapping_add(tile.row_outputs);
                }
                first += 4;
            } else {
                let (scale, channel_sum, bias) = (*scales.add(first), *channel_sums.add(first), *biases.add(first));
                for row in rows {
                    let result = of(*sum, scale, channel_sum, bias, row);
                    *value = if add { *value + result } else { result };
                    sum = sum.wrapping_add(tile.row_sums);
                    value = value.wrapping_add(tile.row_outputs);
                }
                first += 1;
            }
        }
    }
    if let Store::Activate(activation) = store {
        activate(tile, activation, out);
    }
}

/// The value of a sum: by scale, sum and bias of its channel, and its row.
#[inline(always)]
fn of(sum: i32, scale: f32, channel_sum: i32, bias: f32, row: &RowScale) -> f32 {
    let exact = sum.wrapping_sub(row.zero_point.wrapping_mul(channel_sum));
    exact as f32 * scale * row.scale + bias
}

/// The activation function of a tile's values, in place.
pub(super) fn activate(tile: &Tile, activation: Activation, out: &mut [f32]) {
    for row in 0..tile.rows {
        let first = row * tile.row_outputs;
        scalar::activate(activation, part_mut(out, first..first + tile.channels));
    }
}
