//! A panel in numbers, between its rounding and the bytes of the file.

use super::grid::{Lanes, Quads};

/// The values of a panel.
pub(super) struct QuantizedPanel {
    pub(super) scales: Lanes<f32>,
    /// By unit; meaningless for int8.
    pub(super) multipliers: Vec<Quads<i8>>,
    /// By place in K.
    pub(super) values: Vec<Lanes<i8>>,
    /// By place in K; meaningless for int8.
    pub(super) codes: Vec<Lanes<u8>>,
    /// By column: how far the weight that its places stand for is from the wanted one, in units of the channel's scale.
    pub(super) errors: Vec<Lanes<f32>>,
}
