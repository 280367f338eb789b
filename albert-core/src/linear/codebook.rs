//! Products with weights in a codebook format: some panels are expanded to int8, multiplied, and forgotten.

use super::input::GROUP_PANELS;
use crate::build_features::LARGE_TARGET;
use crate::codebook::Panels;
use crate::format::Scales;
use crate::format::layout::{GROUP_CHANNELS, K_GROUP, K_UNIT, PANEL_CHANNELS, dtype};
use crate::kernels::{Channels, Kernels, LinearProduct, Product, Store, Tile};
use crate::memory::Columns;
use crate::memory::arena::{Products, Quantized};
use crate::memory::plan::{activation_row_bytes, part_places};
use crate::slices::{part, part_mut};
use core::ops::Range;

/// Most channels whose sums are made beside the expansion of their weights before they are dequantized.
const BESIDE_CHANNELS: usize = 256;

/// Some panels of a matrix with `width` output channels; `channels` has no scales. Not inlined: its frame holds those of a group,
/// which int8 models do without.
#[inline(never)]
#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
pub(super) fn multiply(
    kernels: Kernels,
    stored: &Panels<'_>,
    panels: Range<usize>,
    width: usize,
    scales: Scales<'_>,
    channels: &Channels<'_>,
    store: Store,
    out: Columns<'_>,
    x: &Quantized<'_>,
    products: &mut Products<'_>,
) {
    let Columns { data, stride: row_outputs, rows } = out;
    let places = stored.places.next_multiple_of(K_UNIT);
    if LARGE_TARGET {
        let out = Columns { data: &mut *data, stride: row_outputs, rows };
        if expanded_beside(kernels, stored, panels.clone(), width, scales, channels, store, out, x, products) {
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
                stored,
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
#[expect(clippy::too_many_arguments, reason = "those of `multiply`")]
fn expanded_beside(
    kernels: Kernels,
    stored: &Panels<'_>,
    panels: Range<usize>,
    width: usize,
    scales: Scales<'_>,
    channels: &Channels<'_>,
    store: Store,
    out: Columns<'_>,
    x: &Quantized<'_>,
    products: &mut Products<'_>,
) -> bool {
    let Columns { data, stride: row_outputs, rows } = out;
    let row_bytes = activation_row_bytes(stored.places);
    let places = stored.places.next_multiple_of(K_UNIT);
    let row_sums = kernels.channels_at_a_time(rows, products.accumulators.len()).min(BESIDE_CHANNELS);
    let at_a_time = row_sums / PANEL_CHANNELS;
    for some in panels.clone().step_by(at_a_time) {
        let some = some..panels.end.min(some + at_a_time);
        let size =
            Product { rows, row_bytes, k_groups: places / K_GROUP, panels: some.len(), row_sums, prefetch: true };
        // The last ones may be fewer.
        let last = some.end.saturating_sub(1);
        let parts: [_; BESIDE_CHANNELS / PANEL_CHANNELS] =
            core::array::from_fn(|index| stored.part(last.min(some.start + index), 0..places, 2));
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
