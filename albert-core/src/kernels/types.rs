//! Sizes and operands of the kernels.

use crate::config::Activation;
use crate::slices;

/// How one row of activations was quantized: value = `scale` x (byte - `zero_point`).
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct RowScale {
    /// Size of one step.
    pub scale: f32,
    /// The byte that stands for 0.0, [`Kernels::activation_offset`](super::Kernels::activation_offset) included.
    pub zero_point: i32,
}

/// Sizes of a matrix product: `rows` x `k_groups * 4` bytes by `panels * 16` channels.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Rows of activations.
    pub rows: usize,
    /// Bytes from one row of activations to the next, at least `k_groups * 4`.
    pub row_bytes: usize,
    /// Places in K, divided by 4.
    pub k_groups: usize,
    /// Panels of 16 output channels.
    pub panels: usize,
    /// Elements from one row of the result to the next, at least `panels * 16`.
    pub row_sums: usize,
    /// Whether the weights go on after these panels and are wanted next, so that a kernel may fetch them; a hint.
    pub prefetch: bool,
}

/// Sizes of a float matrix product: `rows` x `inputs` by `panels * 16` channels.
#[derive(Clone, Copy, Debug)]
pub struct FloatProduct {
    /// Rows of activations.
    pub rows: usize,
    /// Elements from one row of activations to the next, at least `inputs`.
    pub row_inputs: usize,
    /// Inputs.
    pub inputs: usize,
    /// Panels of 16 output channels.
    pub panels: usize,
    /// Elements from one row of the result to the next, at least `panels * 16`.
    pub row_outputs: usize,
}

/// What [`Kernels::dequantize`](super::Kernels::dequantize) does with the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every kernel set does all of them")]
pub enum Store {
    /// Writes them.
    Write,
    /// Applies the activation function and writes the result.
    Activate(Activation),
    /// Adds them to what is there (the residual).
    Add,
}

/// Per-channel side of [`Kernels::dequantize`](super::Kernels::dequantize); each slice has at least the channels asked for.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a> {
    /// Weight scale of each channel.
    pub scales: &'a [f32],
    /// Sum of each channel's weights.
    pub sums: &'a [i32],
    /// Bias of each channel.
    pub bias: &'a [f32],
}

/// Up to `count` elements from `first` on.
fn part<T>(all: &[T], first: usize, count: usize) -> &[T] {
    let rest = slices::part(all, first..);
    rest.get(..count).unwrap_or(rest)
}

impl<'a> Channels<'a> {
    /// `count` channels from `first` on, or as many as there are.
    pub(crate) fn part(&self, first: usize, count: usize) -> Self {
        self.part_with(part(self.scales, first, count), first, count)
    }

    /// As [`Channels::part`], with scales of its own in place of these, which may be none.
    pub(crate) fn part_with(&self, scales: &'a [f32], first: usize, count: usize) -> Self {
        Self { scales, sums: part(self.sums, first, count), bias: part(self.bias, first, count) }
    }
}

/// Sizes of [`Kernels::linear_i8`](super::Kernels::linear_i8): `rows` x `k_groups * 4` bytes by `channels`.
#[derive(Clone, Copy, Debug)]
pub struct LinearProduct {
    /// Rows of activations.
    pub rows: usize,
    /// Bytes from one row of activations to the next, at least `k_groups * 4`.
    pub row_bytes: usize,
    /// Places in K, divided by 4.
    pub k_groups: usize,
    /// Output channels; the weights have panels of 16.
    pub channels: usize,
    /// Elements from one row of outputs to the next, at least `channels`.
    pub row_outputs: usize,
    /// As [`Product::prefetch`].
    pub prefetch: bool,
}

/// Per-key side of [`Kernels::softmax`](super::Kernels::softmax); each slice has at least the keys asked for.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// `activation_offset` times the sum of the key's bytes: what the offset of the query's bytes adds to a score.
    pub offsets: &'a [i32],
    /// Scale of each key.
    pub scales: &'a [f32],
    /// Scale of each value; not negative.
    pub value_scales: &'a [f32],
}

/// Channels of a linear's input that occupy several places; the slices are as long as there are places beyond one a channel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Splits<'a> {
    /// Channel of each OCS place, ascending.
    pub channels: &'a [u32],
    /// Places of that channel, its own counted.
    pub copies: &'a [f32],
    /// Which of them it is, from 1 on; the channel's own place is number 0.
    pub ranks: &'a [f32],
}

/// Sizes of a tile that [`Kernels::dequantize`](super::Kernels::dequantize) reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// Rows.
    pub rows: usize,
    /// Channels that are written; no more than the channels' slices hold.
    pub channels: usize,
    /// Elements from one row of sums to the next.
    pub row_sums: usize,
    /// Elements from one row of outputs to the next.
    pub row_outputs: usize,
}

/// Ranges below this are taken as zero, so that no reciprocal overflows.
pub const SMALLEST_RANGE: f32 = 1e-30;
