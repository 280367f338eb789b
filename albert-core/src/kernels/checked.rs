//! The checked boundary of the kernels: what each function computes, and the comparisons of sizes with slices that make calling it
//! sound.

use super::dispatch::FusedLinear;
use super::{
    Channels, CodebookPanel, FloatProduct, KernelSet, Keys, LinearProduct, Product, RowScale, Splits, Store, Tile,
    scalar,
};
use crate::build_features::LARGE_TARGET;
use crate::config::Activation;
use crate::format::layout::{GROUP_CHANNELS, PANEL_CHANNELS};
use crate::slices::part_mut;

/// Most sums that are made before they are dequantized: 24 KB.
const MOST_SUMS: usize = 6144;
/// Channels of two panels, which some kernels multiply together.
const PAIR_CHANNELS: usize = 2 * PANEL_CHANNELS;

/// A kernel set that this CPU can run.
///
/// Functions take slices and sizes. A call that has nothing to do does nothing. A call whose slices are too short for its
/// sizes is a bug of the caller: debug builds panic, release builds do nothing.
#[derive(Clone, Copy)]
pub struct Kernels(&'static KernelSet);

impl core::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.0.name)
    }
}

// Every `SAFETY: available, fits` below stands on two facts. A `Kernels` exists only for a set whose `available` returned true
// (see `KernelSet::kernels`) or for the scalar set, so the CPU runs its instructions. And the sizes have just been compared with
// the slices, so the function stays inside them.
impl Kernels {
    /// The scalar set, which runs everywhere.
    pub const SCALAR: Self = Self(&scalar::SET);

    /// # Safety
    /// The CPU runs the set's instructions: `available` has said so, or the program was compiled for them.
    pub(super) unsafe fn new(set: &'static KernelSet) -> Self {
        Self(set)
    }

    /// Name, as `--isa` takes it.
    pub fn name(self) -> &'static str {
        self.0.name
    }
}

#[doc(hidden)]
impl Kernels {
    /// Added to every quantized activation before it is stored as a byte: 0 (bytes are i8) or 128 (bytes are u8).
    pub fn activation_offset(self) -> i32 {
        self.0.activation_offset
    }

    /// `sums[r * row_sums + n] = Σ_k a[r * row_bytes + k] * w[panel n/16][k/4][n%16][k%4]`, exact in i32 (wrapping).
    ///
    /// Bytes of `a` are i8 in [-127, 127] or u8, as `activation_offset` says. `w` starts at a multiple of 4 bytes, as weights in a
    /// model file, keys and values do: a set that loads words does nothing otherwise. What of `sums` lies behind `rows * row_sums` may
    /// be anything afterwards.
    pub fn matmul_i8(self, size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
        let &Product { rows, row_bytes, k_groups, panels, row_sums, .. } = size;
        let any = rows > 0 && k_groups > 0 && panels > 0;
        let within = reaches(a.len(), rows, row_bytes, k_groups.checked_mul(4))
            && reaches(w.len(), panels, k_groups.saturating_mul(64), k_groups.checked_mul(64))
            && reaches(sums.len(), rows, row_sums, panels.checked_mul(16));
        if fits(any, within) {
            // SAFETY: available, fits.
            unsafe { (self.0.matmul_i8)(size, a, w, sums) }
        }
    }

    /// [`Self::matmul_i8`] and [`Self::dequantize`]: `out[r][n]` from row r of `a` and channel n of `w`.
    ///
    /// `sums` has room for `rows` x `GROUP_CHANNELS` sums. Some kernels are faster with more: they keep other things behind them.
    #[expect(clippy::too_many_arguments, reason = "those of its two parts")]
    pub fn linear_i8(
        self,
        size: &LinearProduct,
        a: &[u8],
        w: &[i8],
        rows: &[RowScale],
        channels: &Channels<'_>,
        store: Store,
        out: &mut [f32],
        sums: &mut [i32],
    ) {
        let &LinearProduct { rows: count, row_bytes, k_groups, channels: width, row_outputs, prefetch } = size;
        let any = count > 0 && k_groups > 0 && width > 0;
        let within = reaches(a.len(), count, row_bytes, k_groups.checked_mul(4))
            && reaches(w.len(), width.div_ceil(16), k_groups.saturating_mul(64), k_groups.checked_mul(64))
            && reaches(out.len(), count, row_outputs, Some(width))
            && rows.len() >= count
            && channels.scales.len().min(channels.sums.len()).min(channels.bias.len()) >= width;
        // SAFETY: available, fits.
        let done = |linear: FusedLinear| unsafe { linear(size, a, w, rows, channels, store, out) };
        if !fits(any, within) || self.0.linear.is_some_and(done) {
            return;
        }
        let row_sums = if LARGE_TARGET { self.channels_at_a_time(count, sums.len()) } else { GROUP_CHANNELS };
        let groups = w.chunks((row_sums * 4).saturating_mul(k_groups).max(1));
        for (w, first) in groups.zip((0..width).step_by(row_sums)) {
            let part = (width - first).min(row_sums);
            let panels = part.div_ceil(16);
            self.matmul_i8(&Product { rows: count, row_bytes, k_groups, panels, row_sums, prefetch }, a, w, sums);
            let tile = Tile { rows: count, channels: part, row_sums, row_outputs };
            let out = part_mut(out, first..);
            self.dequantize(&tile, sums, rows, &channels.part(first, part), store, out);
        }
    }

    /// `out[r * row_outputs + n] = Σ_k a[r * row_inputs + k] * w[panel n/16][k][n%16]`; the order of the sum is the
    /// set's own, and it may fuse multiplications and additions.
    pub fn matmul_f32(self, size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]) {
        if float_fits(size, a.len(), w.len(), out.len()) {
            // SAFETY: available, fits.
            unsafe { (self.0.matmul_f32)(size, a, w, out) }
        }
    }

    /// As [`Self::matmul_f32`] with IEEE binary16 weights.
    pub fn matmul_f16(self, size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]) {
        if float_fits(size, a.len(), w.len(), out.len()) {
            // SAFETY: available, fits.
            unsafe { (self.0.matmul_f16)(size, a, w, out) }
        }
    }

    /// Weights of one panel of 16 channels, from codes to the layout that [`Self::matmul_i8`] takes: `[k_group][16][4]`, two K groups
    /// of 4 places a unit, each weight [`scaled`](crate::format::layout::scaled)`(level of the code, multiplier)`. `out` has 128 bytes a unit.
    pub fn expand(self, panel: &CodebookPanel<'_>, out: &mut [i8]) {
        let units = panel.codes.len();
        let within = panel.multipliers.len() >= units
            && (panel.high_bits.is_empty() || panel.high_bits.len() >= units)
            && out.len() / 128 >= units;
        if fits(units > 0, within) {
            // SAFETY: available, fits.
            unsafe { (self.0.expand)(panel, out) }
        }
    }

    /// Whether a few rows are multiplied faster by parts of panels, which stay in the first-level cache, than by whole ones. A second
    /// set of sums costs AMX more than that saves.
    pub(crate) fn panel_parts(self) -> bool {
        self.0.panel_parts
    }

    /// Channels whose sums are made before they are dequantized, in whole pairs of panels: as many as `room` sums allow for `rows` rows.
    pub(crate) fn channels_at_a_time(self, rows: usize, room: usize) -> usize {
        if !self.0.wide_sums {
            return GROUP_CHANNELS;
        }
        // More push out of the first-level cache what products read.
        let room = room.min(MOST_SUMS) / rows.max(1);
        (room / PAIR_CHANNELS * PAIR_CHANNELS).max(GROUP_CHANNELS)
    }

    /// [`Self::expand`] and [`Self::matmul_i8`] of some panels of channels, one beside the other. `room` is for expanded weights, at
    /// least 256 bytes; the more, the longer the parts of the panels that are multiplied at a time. Sums of one more panel than an odd
    /// number are any. `false`, and nothing done, where the set has no such thing for these sizes.
    pub fn multiply_panels(
        self,
        size: &Product,
        a: &[u8],
        weights: &[CodebookPanel<'_>],
        room: &mut [i8],
        sums: &mut [i32],
    ) -> bool {
        let Some(multiply) = self.0.multiply_panels else { return false };
        let &Product { rows, row_bytes, k_groups, panels, row_sums, .. } = size;
        let (units, high_bits) = (k_groups / 2, weights.first().map_or(0, |panel| panel.high_bits.len()));
        let alike = |panel: &CodebookPanel<'_>| {
            panel.codes.len() == units && panel.multipliers.len() >= units && panel.high_bits.len() == high_bits
        };
        let any = rows > 0 && k_groups > 0 && panels > 0;
        let within = k_groups == 2 * units
            && panels == weights.len()
            && weights.iter().all(alike)
            && (high_bits == 0 || high_bits >= units)
            && reaches(a.len(), rows, row_bytes, k_groups.checked_mul(4))
            && reaches(sums.len(), rows, row_sums, panels.next_multiple_of(2).checked_mul(16));
        // SAFETY: available, fits.
        fits(any, within) && unsafe { multiply(size, a, weights, room, sums) }
    }

    /// `out[r][n] = store(((sums[r][n] - rows[r].zero_point * channels.sums[n]) as f32 * channels.scales[n]) * rows[r].scale +
    /// channels.bias[n])`, multiplications and additions rounded one by one; integers wrap.
    pub fn dequantize(
        self,
        tile: &Tile,
        sums: &[i32],
        rows: &[RowScale],
        channels: &Channels<'_>,
        store: Store,
        out: &mut [f32],
    ) {
        let width = Some(tile.channels);
        let within = reaches(sums.len(), tile.rows, tile.row_sums, width)
            && reaches(out.len(), tile.rows, tile.row_outputs, width)
            && rows.len() >= tile.rows
            && channels.scales.len().min(channels.sums.len()).min(channels.bias.len()) >= tile.channels;
        if fits(tile.rows > 0 && tile.channels > 0, within) {
            // SAFETY: available, fits.
            unsafe { (self.0.dequantize)(tile, sums, rows, channels, store, out) }
        }
    }

    /// One row as the input of a linear: range, step and bytes as `docs/numerics.md` defines them, OCS places behind the
    /// channels' own. `out` has a byte for each channel and each OCS place; what is behind them stays. `x` is as before when
    /// the function returns, `saved` holds a value for each OCS place.
    pub fn quantize_row(self, x: &mut [f32], splits: &Splits<'_>, saved: &mut [f32], out: &mut [u8]) -> RowScale {
        let extra = splits.channels.len();
        let shortest = splits.copies.len().min(splits.ranks.len()).min(saved.len());
        match out.get_mut(..x.len() + extra) {
            // SAFETY: available, fits.
            Some(out) if fits(true, shortest >= extra) => unsafe {
                (self.0.quantize_row)(x, splits, saved, self.0.activation_offset, out)
            },
            _ => {
                fits(true, false);
                RowScale::default()
            }
        }
    }

    /// Symmetric rounding of heads: of each `size` elements of `x`, `out[head * stride + j] =
    /// (round(x[head * size + j] * (127 / most)) + activation_offset) as u8` and `scales[head] = most / 127`, with `most` the
    /// largest magnitude in the head; both factors are 0 when that is below [`SMALLEST_RANGE`](super::SMALLEST_RANGE). Bytes
    /// between the heads stay.
    pub fn quantize_heads(self, x: &[f32], size: usize, stride: usize, out: &mut [u8], scales: &mut [f32]) {
        self.symmetric(x, size, stride, self.0.activation_offset, out, scales);
    }

    /// As [`Self::quantize_heads`] with the offset at 0: i8, for what is kept as a weight matrix.
    pub fn quantize_heads_signed(self, x: &[f32], size: usize, stride: usize, out: &mut [u8], scales: &mut [f32]) {
        self.symmetric(x, size, stride, 0, out, scales);
    }

    fn symmetric(self, x: &[f32], size: usize, stride: usize, offset: i32, out: &mut [u8], scales: &mut [f32]) {
        let heads = x.len().checked_div(size).unwrap_or(0);
        let within = scales.len() >= heads && reaches(out.len(), heads, stride, Some(size));
        if fits(heads > 0, within) {
            // SAFETY: available, fits.
            unsafe { (self.0.quantize_heads)(x, size, offset, stride, out, scales) }
        }
    }

    /// In place, each row of `width` elements: `(x - mean) * (1 / sqrt(variance + eps)) * weight + bias`, multiplications from
    /// left to right; mean and (biased) variance are 16-lane sums divided by the width. `weight` and `bias` have at least
    /// `width` elements; elements of `x` after the last whole row stay.
    pub fn layer_norm(self, x: &mut [f32], width: usize, weight: &[f32], bias: &[f32], eps: f32) {
        let within = weight.len() >= width && bias.len() >= width && width > 0;
        if let (Some(weight), Some(bias), true) =
            (weight.get(..width), bias.get(..width), fits(width > 0 && !x.is_empty(), within))
        {
            // SAFETY: available, fits.
            unsafe { (self.0.layer_norm)(x, weight, bias, eps) }
        }
    }

    /// Softmax of one row of integer scores in base 2, folded with the value scales and rounded to bytes.
    ///
    /// `t[j] = (scores[j] - keys.offsets[j]) as f32 * keys.scales[j] * factor` (integers wrap), `e[j] = exp2(t[j] - max t)`,
    /// `v[j] = e[j] * keys.value_scales[j]`, `out[j] = (round(v[j] * (254 / max v)) - 127 + activation_offset) as u8`, for
    /// all j < `out.len()`; returns `max v / 254 / Σ e` (16-lane sum), or 0 with every `v` at 0 when `max v` is below
    /// [`SMALLEST_RANGE`](super::SMALLEST_RANGE). `scratch` has at least the length of `out`.
    pub fn softmax(self, scores: &[i32], keys: &Keys<'_>, factor: f32, scratch: &mut [f32], out: &mut [u8]) -> f32 {
        let n = out.len();
        let per_key = keys.offsets.len().min(keys.scales.len()).min(keys.value_scales.len());
        let within = n > 0 && scratch.len() >= n && scores.len() >= n && per_key >= n;
        match scratch.get_mut(..n) {
            // SAFETY: available, fits.
            Some(scratch) if fits(n > 0, within) => unsafe {
                (self.0.softmax)(scores, keys, factor, self.0.activation_offset, scratch, out)
            },
            _ => 0.0,
        }
    }

    /// In place: `exp2(x * factor - max)` divided by the 16-lane sum: softmax in base 2 for float models.
    pub fn softmax_f32(self, x: &mut [f32], factor: f32) {
        // SAFETY: available; there is no size.
        unsafe { (self.0.softmax_f32)(x, factor) }
    }

    /// The activation function in place.
    pub fn activate(self, activation: Activation, x: &mut [f32]) {
        // SAFETY: available; there is no size.
        unsafe { (self.0.activate)(activation, x) }
    }
}

/// `within`, which says that sizes are those of something and stay inside the slices. Debug builds panic when it is false though
/// there is `any` thing to do.
#[inline(always)]
#[track_caller]
fn fits(any: bool, within: bool) -> bool {
    debug_assert!(within || !any, "a kernel's slices are too short for its sizes");
    within
}

/// Whether `rows` rows of `width` elements, each `stride` after the last, are some elements and lie within `len`.
#[inline(never)]
fn reaches(len: usize, rows: usize, stride: usize, width: Option<usize>) -> bool {
    let Some(width) = width else { return false };
    let end = rows.checked_sub(1).and_then(|n| n.checked_mul(stride)).and_then(|start| start.checked_add(width));
    width > 0 && width <= stride && end.is_some_and(|end| end <= len)
}

/// Whether a float product stays inside its slices.
fn float_fits(size: &FloatProduct, a: usize, w: usize, out: usize) -> bool {
    let &FloatProduct { rows, row_inputs, inputs, panels, row_outputs } = size;
    let within = reaches(a, rows, row_inputs, Some(inputs))
        && reaches(w, panels, inputs.saturating_mul(16), inputs.checked_mul(16))
        && reaches(out, rows, row_outputs, panels.checked_mul(16));
    fits(rows > 0 && inputs > 0 && panels > 0, within)
}
