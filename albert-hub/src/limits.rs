//! What a hub may make a client do.

use std::time::Duration;

/// Bounds of a download. A hub that exceeds one gets a typed error, and what it sent is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most bytes of a configuration, a tokenizer or another file that is not weights.
    pub settings_bytes: u64,
    /// Most bytes of all weights files together.
    pub weights_bytes: u64,
    /// Longest time from the first request to the last byte.
    pub time: Duration,
    /// A body that brings fewer than [`Self::STALL_BYTES`] in this time is abandoned.
    pub stall: Duration,
}

impl Limits {
    /// Bytes that a body must bring in each [`Self::stall`], unless it ends earlier.
    pub const STALL_BYTES: u64 = 1 << 16;
}

impl Default for Limits {
    /// 64 MiB, 64 GiB, twelve hours and one minute.
    fn default() -> Self {
        Self {
            settings_bytes: 64 << 20,
            weights_bytes: 64 << 30,
            time: Duration::from_secs(12 * 3600),
            stall: Duration::from_secs(60),
        }
    }
}
