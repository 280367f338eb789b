//! What products read, and how many output channels they make at a time.

use crate::format::layout::{GROUP_CHANNELS, PANEL_CHANNELS};
use crate::memory::arena::Quantized;

/// Panels of 16 channels in a group.
pub(super) const GROUP_PANELS: usize = GROUP_CHANNELS / PANEL_CHANNELS;

/// Rows for float weights, for others the same rows once [`quantize`](super::quantize) has seen them.
#[derive(Clone, Copy)]
pub(crate) struct Input<'i, 'a> {
    pub(crate) rows: &'i [f32],
    pub(crate) stride: usize,
    pub(crate) quantized: &'i Quantized<'a>,
}
