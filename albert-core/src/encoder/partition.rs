//! How the output channels of a linear are divided between workers.

use core::ops::Range;

/// As evenly as whole units allow.
#[derive(Clone, Copy)]
pub(super) struct Partition {
    pub(super) channels: usize,
    /// Channels that stay together, a multiple of 16.
    pub(super) unit: usize,
    pub(super) parts: usize,
}

impl Partition {
    /// The channels of a part; parts past the last unit are empty.
    fn part(&self, index: usize) -> Range<usize> {
        let units = self.channels.div_ceil(self.unit.max(1));
        let edge = |index: usize| (units * index / self.parts.max(1) * self.unit).min(self.channels);
        edge(index)..edge(index + 1)
    }

    /// Bound of the parts' lengths.
    pub(super) fn largest(&self) -> usize {
        self.channels.div_ceil(self.unit.max(1)).div_ceil(self.parts.max(1)) * self.unit
    }

    /// All parts.
    pub(super) fn all(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.parts).map(move |index| self.part(index))
    }
}
