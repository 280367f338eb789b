//! Products with weights in a codebook format: some panels are expanded to int8, multiplied, and forgotten.

use super::input::GROUP_PANELS;
use crate::build_features::LARGE_TARGET;
use crate::codebook::Panels;
use crate::format::layout::{GROUP_CHANNELS, K_GROUP, K_UNIT, PANEL_CHANNELS, dtype};
use crate::format::{Linear, Scales, Weights};
use crate::kernels::{Channels, Kernels, LinearProduct, Product, Store, Tile};
use crate::memory::Columns;
use crate::memory::arena::{Products, Quantized};
use crate::memory::plan::{activation_row_bytes, part_places};
use crate::panels::Stored;
use crate::slices::{part, part_mut, ruled_out};
use core::ops::Range;

/// Most channels whose sums are made beside the expansion of their weights before they are dequantized.
const BESIDE_CHANNELS: usize = 256;

/// A matrix with `width` output channels; `channels` has no scales.
struct Coded<'a> {
    stored: Panels<'a>,
    width: usize,
    scales: Scales<'a>,
    channels: Channels<'a>,
}

/// The product with some panels. Not inlined: its frame holds the scales of a group, which int8 models do without.
#[inline(never)]
#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
pub(super) fn multiply(
    kernels: Kernels,
    linear: &Linear<'_>,
    stored: Stored<'_>,
    panels: Range<usize>,
    store: Store,
    out: Columns<'_>,
    x: &Quantized<'_>,
    products: &mut Products<'_>,
) {
    let Columns { data, stride: row_outputs, rows } = out;
    let matrix = &linear.matrix;
    let Weights::Codebook { dtype, scales, sums, .. } = matrix.weights else { return ruled_out() };
    let stored = Panels { dtype, panels: stored, places: matrix.places() };
    let channels = Channels { scales: &[], sums, bias: linear.bias };
    let (width, places) = (matrix.rows, stored.places.next_multiple_of(K_UNIT));
    if LARGE_TARGET {
        let coded = Coded { stored, width, scales, channels };
        let out = Columns { data: &mut *data, stride: row_outputs, rows };
        if expanded_beside(kernels, &coded, panels.clone(), store, out, x, products) {
            return;
        }
    }
    // Few rows do not outweigh the way of whole panels through the second-level cache, where the expansion is quicker than that.
    let whole_fit = products.panel.len() >= places * GROUP_CHANNELS;
    let in_parts = LARGE_TARGET
        && kernels.panel_parts()
        && rows * GROUP_CHANNELS <= products.partial.len()
        && (stored.dtype == dtype::C4 || !whole_fit);
    let stretch = if in_parts { part_places(places) } else { places };
    // As many panels at a time as there is room for, in equal parts of a group.
    let at_a_time = match products.panel.len() / (stretch * PANEL_CHANNELS).max(1) {
        0 | 1 => 1,
        2 | 3 => 2,
        _ => GROUP_PANELS,
    };
    for group in panels.clone().step_by(GROUP_PANELS) {
        let group = group..panels.end.min(group + GROUP_PANELS);
        let first = group.start * PANEL_CHANNELS;
        let count = (group.end * PANEL_CHANNELS).min(width) - first;
        let mut group_scales = [0.0; GROUP_CHANNELS];
        scales.copy_to(first, &mut group_scales);
        let channels = channels.part_with(&group_scales, first, count);
        let out = part_mut(data, first - panels.start * PANEL_CHANNELS..);
        for start in group.clone().step_by(at_a_time) {
            let some = start..group.end.min(start + at_a_time);
            let within = (start - group.start) * PANEL_CHANNELS;
            let channels = channels.part(within, (some.len() * PANEL_CHANNELS).min(count - within));
            let out = part_mut(out, within..);
            expanded_panels(
                kernels,
                &stored,
                some,
                stretch,
                at_a_time,
                &channels,
                store,
                Columns { data: out, stride: row_outputs, rows },
                x,
                products,
            );
        }
    }
}

/// Panels whose expansion and products stand side by side, as many channels at a time as there is room for. `false`, and nothing done,
/// where the kernel set has no such thing.
fn expanded_beside(
    kernels: Kernels,
    matrix: &Coded<'_>,
    panels: Range<usize>,
    store: Store,
    out: Columns<'_>,
    x: &Quantized<'_>,
    products: &mut Products<'_>,
) -> bool {
    let Columns { data, stride: row_outputs, rows } = out;
    let &Coded { ref stored, width, scales, ref channels } = matrix;
    let row_bytes = activation_row_bytes(stored.places);
    let places = stored.places.next_multiple_of(K_UNIT);
    let row_sums = kernels.channels_at_a_time(rows, products.accumulators.len()).min(BESIDE_CHANNELS);
    let at_a_time = row_sums / PANEL_CHANNELS;
    for some in panels.clone().step_by(at_a_time) {
        let some = some..panels.end.min(some + at_a_time);
        let size =
            Product { rows, row_bytes, k_groups: places / K_GROUP, panels: some.len(), row_sums, prefetch: true };
        let mut whole = stored.whole(some.clone(), 2);
        let Some(first) = whole.next() else { break };
        let mut parts = [first; BESIDE_CHANNELS / PANEL_CHANNELS];
        parts.iter_mut().skip(1).zip(whole).for_each(|(part, panel)| *part = panel);
        let parts = part(&parts, ..some.len());
        if !kernels.multiply_panels(&size, x.bytes, parts, products.panel, products.accumulators) {
            debug_assert!(some.start == panels.start, "the set does all panels or none");
            return false;
        }
        let first = some.start * PANEL_CHANNELS;
        let count = (some.end * PANEL_CHANNELS).min(width) - first;
        let mut some_scales = [0.0; BESIDE_CHANNELS];
        scales.copy_to(first, &mut some_scales);
        let channels = channels.part_with(&some_scales, first, count);
        let tile = Tile { rows, channels: count, row_sums, row_outputs };
        let out = part_mut(data, first - panels.start * PANEL_CHANNELS..);
        kernels.dequantize(&tile, products.accumulators, x.row_scales, &channels, store, out);
    }
    true
}

/// Panels that there is room for at a time, `stretch` places at a time.
#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
fn expanded_panels(
    kernels: Kernels,
    stored: &Panels<'_>,
    panels: Range<usize>,
    stretch: usize,
    at_a_time: usize,
    channels: &Channels<'_>,
    store: Store,
    out: Columns<'_>,
    x: &Quantized<'_>,
    products: &mut Products<'_>,
) {
    let Columns { data: out, stride: row_outputs, rows } = out;
    let row_bytes = activation_row_bytes(stored.places);
    let places = stored.places.next_multiple_of(K_UNIT);
    let count = channels.scales.len();
    let expand = |part: Range<usize>, room: &mut [i8]| {
        let rooms = room.chunks_exact_mut((part.len() * PANEL_CHANNELS).max(1));
        for (panel, room) in panels.clone().zip(rooms) {
            kernels.expand(&stored.part(panel, part.clone(), at_a_time), room);
        }
    };
    if stretch == places {
        expand(0..places, products.panel);
        let k_groups = places / K_GROUP;
        let size = LinearProduct { rows, row_bytes, k_groups, channels: count, row_outputs, prefetch: false };
        let (bytes, row_scales) = (&*x.bytes, &*x.row_scales);
        kernels.linear_i8(&size, bytes, products.panel, row_scales, channels, store, out, products.accumulators);
        return;
    }
    for start in (0..places).step_by(stretch.max(1)) {
        let some = start..places.min(start + stretch);
        expand(some.clone(), products.panel);
        let (k_groups, panels) = (some.len() / K_GROUP, panels.len());
        let size = Product { rows, row_bytes, k_groups, panels, row_sums: GROUP_CHANNELS, prefetch: false };
        let bytes = part(x.bytes, start..);
        if start == 0 {
            kernels.matmul_i8(&size, bytes, products.panel, products.accumulators);
        } else {
            kernels.matmul_i8(&size, bytes, products.panel, products.partial);
            let sums = products.accumulators.iter_mut().zip(&*products.partial).take(rows * GROUP_CHANNELS);
            sums.for_each(|(sum, partial)| *sum = sum.wrapping_add(*partial));
        }
    }
    let tile = Tile { rows, channels: count, row_sums: GROUP_CHANNELS, row_outputs };
    kernels.dequantize(&tile, products.accumulators, x.row_scales, channels, store, out);
}
