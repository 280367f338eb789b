//! Panels of weights, where they are: in the model file, or copied.

use crate::slices::part;
use core::ops::Range;

/// Consecutive panels of a matrix: all, or those that have been copied.
#[derive(Clone, Copy)]
pub(crate) struct Stored<'a> {
    bytes: &'a [u8],
    /// Which panel of the matrix comes first.
    #[cfg(feature = "weight-copies")]
    first: usize,
}

impl<'a> Stored<'a> {
    /// All panels of a matrix.
    pub(crate) fn all(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            #[cfg(feature = "weight-copies")]
            first: 0,
        }
    }

    /// Panels from `first` on.
    #[cfg(feature = "weight-copies")]
    pub(crate) fn from(bytes: &'a [u8], first: usize) -> Self {
        Self { bytes, first }
    }

    /// The bytes of some of them.
    pub(crate) fn of(self, panels: Range<usize>, panel_bytes: usize) -> &'a [u8] {
        #[cfg(feature = "weight-copies")]
        let panels = panels.start.saturating_sub(self.first)..panels.end.saturating_sub(self.first);
        part(self.bytes, panels.start * panel_bytes..panels.end * panel_bytes)
    }
}
