//! Bytes as a sequence of decisions.

/// Reads decisions from an input; when it has ended, all of them are 0.
pub struct Script<'b>(pub &'b [u8]);

impl<'b> Script<'b> {
    /// Whether decisions are left.
    pub fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    /// A number below `limit`, which is at most 65,536 and not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let number =
            if limit > 256 { u16::from_le_bytes([self.byte(), self.byte()]).into() } else { usize::from(self.byte()) };
        number % limit
    }

    /// Up to `most` bytes.
    pub fn bytes(&mut self, most: usize) -> &'b [u8] {
        let length = self.below(most + 1).min(self.0.len());
        self.0.split_off(..length).unwrap_or(&[])
    }
}
