//! Keys and values of one layer: for each sequence and head two weight matrices in panels, so that the kernels of the linears
//! serve attention too. In an int8 model keys lie as 16 keys by 4 channels and values as 16 channels by 4 keys; in a float
//! model as 16 keys by one channel and 16 channels by one key. Both are written in words of four bytes.

use crate::config::{Config, Precision};
use crate::disjoint::Disjoint;
use crate::format::layout::{K_GROUP, PANEL_CHANNELS};
use crate::kernels::{Kernels, Keys, Product, square_root};
use crate::memory::arena::{AttentionScratch, Shared};
use crate::memory::plan::Extents;
use crate::memory::{Sequence, Sequences};
use crate::slices::{cast, fill, part, part_mut};
use core::ops::Range;

/// Extents of the heads for one sequence.
#[derive(Clone, Copy)]
pub(crate) struct Heads {
    /// Heads, A.
    pub(crate) count: usize,
    /// Channels of a head, D.
    pub(crate) size: usize,
    /// Tokens attended to.
    pub(super) keys: usize,
    pub(super) extents: Extents,
    pub(super) precision: Precision,
    /// `log2(e) / sqrt(D)`: scores are in base 2.
    pub(super) factor: f32,
}

impl Heads {
    pub(crate) fn new(config: &Config, keys: usize) -> Self {
        let size = config.head_size() as usize;
        Self {
            count: config.num_attention_heads as usize,
            size,
            keys,
            extents: Extents::new(config, keys),
            precision: config.precision,
            factor: core::f32::consts::LOG2_E / square_root(size as f32),
        }
    }

    /// Words of four bytes of one head's keys.
    fn key_words(&self) -> usize {
        self.extents.key_channels * self.extents.key_k * self.extents.element / 4
    }

    /// Words of four bytes of one head's values.
    fn value_words(&self) -> usize {
        self.extents.value_channels * self.extents.value_k * self.extents.element / 4
    }
}

/// Where the keys and values of a sequence start in the arena's regions.
#[derive(Clone, Copy)]
struct Starts {
    keys: usize,
    values: usize,
    /// Scales and offsets.
    scales: usize,
    value_sums: usize,
}

impl Starts {
    fn new(heads: &Heads, sequence: &Sequence, index: usize) -> Self {
        let Extents { key_k, value_channels, element, .. } = heads.extents;
        let (keys, values) = (sequence.first_key as usize, sequence.first_value as usize);
        Self {
            keys: heads.count * keys * key_k * element / 4,
            values: heads.count * values * value_channels * element / 4,
            scales: heads.count * keys,
            value_sums: heads.count * value_channels * index,
        }
    }
}

/// The next sequence's places, behind those of `sequence`, which has its own and its keys.
pub(crate) fn places_behind(config: &Config, sequence: &Sequence) -> (u32, u32) {
    let Extents { key_channels, value_k, .. } = Extents::new(config, sequence.keys as usize);
    (sequence.first_key + key_channels as u32, sequence.first_value + value_k as u32)
}

/// Writes keys and values, from several tasks at once when each has its own tokens, in groups of four, or its own heads.
pub(crate) struct CacheWriter<'a> {
    config: &'a Config,
    sequences: Sequences<'a>,
    /// Heads of no keys.
    heads: Heads,
    keys: Disjoint<'a, [u8; 4]>,
    values: Disjoint<'a, [u8; 4]>,
    key_scales: Disjoint<'a, f32>,
    value_scales: Disjoint<'a, f32>,
}

impl<'a> CacheWriter<'a> {
    /// The cache to be written, beside the hidden states.
    pub(crate) fn new(
        config: &'a Config,
        sequences: Sequences<'a>,
        shared: &'a mut Shared<'_>,
    ) -> (&'a mut [f32], Self) {
        let writer = Self {
            config,
            sequences,
            heads: Heads::new(config, 0),
            keys: Disjoint::new(shared.keys),
            values: Disjoint::new(shared.values),
            key_scales: Disjoint::new(shared.key_scales),
            value_scales: Disjoint::new(shared.value_scales),
        };
        (shared.hidden, writer)
    }

    /// The heads, whatever the sequence.
    pub(crate) fn heads(&self) -> &Heads {
        &self.heads
    }

    /// The places of each sequence that has keys in a tile.
    pub(super) fn shares(&self, tile: Range<usize>) -> impl Iterator<Item = Places<'_>> {
        self.sequences.shares(tile).map(|share| {
            let keys = share.sequence.keys as usize;
            let heads = Heads::new(self.config, keys);
            let at = Starts::new(&heads, &share.sequence, share.index);
            Places {
                writer: self,
                heads,
                at,
                tokens: share.rows.start.min(keys)..share.rows.end.min(keys),
                start: share.start,
            }
        })
    }
}

/// The places for the keys and values of one sequence.
pub(super) struct Places<'w> {
    writer: &'w CacheWriter<'w>,
    pub(super) heads: Heads,
    at: Starts,
    /// Tokens of the sequence that are rows of the tile.
    pub(super) tokens: Range<usize>,
    /// The row of the first.
    pub(super) start: usize,
}

impl Places<'_> {
    pub(super) fn precision(&self) -> Precision {
        self.heads.precision
    }

    /// The key of one token and head: a word for each four channels (int8) or each channel (float).
    ///
    /// # Safety
    /// No other task writes this token and head.
    #[allow(unsafe_code)]
    pub(super) unsafe fn write_key(&self, head: usize, token: usize, words: &[[u8; 4]]) {
        let panel_words = PANEL_CHANNELS * self.heads.extents.key_k * self.heads.extents.element / 4;
        let place = token / PANEL_CHANNELS * panel_words + token % PANEL_CHANNELS;
        let first = self.at.keys + head * self.heads.key_words() + place;
        // SAFETY: the words belong to this sequence, head and token alone.
        unsafe { self.writer.keys.write(first, PANEL_CHANNELS, words) }
    }

    /// Scale of a key.
    ///
    /// # Safety
    /// No other task writes this token and head.
    #[allow(unsafe_code)]
    pub(super) unsafe fn write_key_scale(&self, head: usize, token: usize, scale: f32) {
        let place = self.at.scales + head * self.heads.extents.key_channels + token;
        // SAFETY: the element belongs to this sequence, head and token alone.
        unsafe { self.writer.key_scales.write(place, 1, &[scale]) }
    }

    /// The values of one head and panel of channels, a word for each channel: four tokens (int8) or one (float); `group` counts
    /// those.
    ///
    /// # Safety
    /// No other task writes these tokens and this head.
    #[allow(unsafe_code)]
    pub(super) unsafe fn write_values(&self, head: usize, group: usize, panel: usize, words: &[[u8; 4]]) {
        let panel_words = PANEL_CHANNELS * self.heads.extents.value_k * self.heads.extents.element / 4;
        let place = panel * panel_words + group * PANEL_CHANNELS;
        let first = self.at.values + head * self.heads.value_words() + place;
        // SAFETY: the words belong to this sequence, this head and these tokens alone.
        unsafe { self.writer.values.write(first, 1, words) }
    }

    /// Scale of a value.
    ///
    /// # Safety
    /// No other task writes this token and head.
    #[allow(unsafe_code)]
    pub(super) unsafe fn write_value_scale(&self, head: usize, token: usize, scale: f32) {
        let place = self.at.scales + head * self.heads.extents.key_channels + token;
        // SAFETY: the element belongs to this sequence, head and token alone.
        unsafe { self.writer.value_scales.write(place, 1, &[scale]) }
    }
}

/// What attention takes from its sums, once all keys and values are there: what the offset of the queries' bytes adds to a key's
/// scores, and the channel sums of the values for the zero point of the probabilities. Both are products with a row of equal
/// bytes.
pub(crate) fn sum_cache(
    kernels: Kernels,
    config: &Config,
    sequences: Sequences<'_>,
    shared: &mut Shared<'_>,
    scratch: &mut AttentionScratch<'_>,
) {
    if shared.value_sums.is_empty() {
        return;
    }
    for (index, sequence) in sequences.0.iter().enumerate() {
        let heads = Heads::new(config, sequence.keys as usize);
        let Extents { key_k, key_channels, value_k, value_channels, .. } = heads.extents;
        let at = Starts::new(&heads, sequence, index);
        let sum = |byte: i32, bytes: &mut [u8], places: usize, channels: usize, words: &[[u8; 4]], sums: &mut [i32]| {
            let row = part_mut(bytes, ..places);
            fill(row, byte as u8);
            let (k_groups, panels) = (places / K_GROUP, heads.count * channels / PANEL_CHANNELS);
            let row_sums = heads.count * channels;
            let size = Product { rows: 1, row_bytes: places, k_groups, panels, row_sums, prefetch: false };
            kernels.matmul_i8(&size, row, bytemuck::must_cast_slice(words), sums);
        };
        let offsets = part_mut(shared.key_offsets, at.scales..at.scales + heads.count * key_channels);
        match kernels.activation_offset() {
            0 => offsets.fill(0),
            offset => {
                let keys = part(shared.keys, at.keys..at.keys + heads.count * heads.key_words());
                sum(offset, scratch.head, key_k, key_channels, keys, offsets);
            }
        }
        let values = part(shared.values, at.values..at.values + heads.count * heads.value_words());
        let sums = part_mut(shared.value_sums, at.value_sums..at.value_sums + heads.count * value_channels);
        sum(1, scratch.probabilities, value_k, value_channels, values, sums);
    }
}

/// The written keys and values of all sequences.
#[derive(Clone, Copy)]
pub(crate) struct Caches<'a> {
    config: &'a Config,
    sequences: Sequences<'a>,
    /// Heads of no keys.
    heads: Heads,
    regions: Regions<'a>,
}

#[derive(Clone, Copy)]
struct Regions<'a> {
    keys: &'a [[u8; 4]],
    values: &'a [[u8; 4]],
    key_scales: &'a [f32],
    key_offsets: &'a [i32],
    value_scales: &'a [f32],
    value_sums: &'a [i32],
}

impl<'a> Caches<'a> {
    /// The written cache, beside the hidden states.
    pub(crate) fn new(
        config: &'a Config,
        sequences: Sequences<'a>,
        shared: &'a mut Shared<'_>,
    ) -> (&'a mut [f32], Self) {
        let regions = Regions {
            keys: shared.keys,
            values: shared.values,
            key_scales: shared.key_scales,
            key_offsets: shared.key_offsets,
            value_scales: shared.value_scales,
            value_sums: shared.value_sums,
        };
        (shared.hidden, Self { config, sequences, heads: Heads::new(config, 0), regions })
    }

    /// The heads, whatever the sequence.
    pub(crate) fn heads(&self) -> &Heads {
        &self.heads
    }

    /// The first row, the number of rows and the cache of each sequence that has rows in a tile.
    pub(super) fn shares(&self, tile: Range<usize>) -> impl Iterator<Item = (usize, usize, Cache<'a>)> {
        let Self { config, regions, .. } = *self;
        self.sequences.shares(tile).map(move |share| {
            let heads = Heads::new(config, share.sequence.keys as usize);
            let at = Starts::new(&heads, &share.sequence, share.index);
            (share.start, share.rows.len(), Cache { heads, at, regions })
        })
    }
}

/// Keys and values of all heads of one sequence.
#[derive(Clone, Copy)]
pub(super) struct Cache<'a> {
    pub(super) heads: Heads,
    at: Starts,
    regions: Regions<'a>,
}

impl<'a> Cache<'a> {
    /// The keys of one head, as bytes or floats.
    pub(super) fn keys<T: bytemuck::AnyBitPattern>(&self, head: usize) -> &'a [T] {
        cast(of_head(self.regions.keys, self.at.keys, head, self.heads.key_words()))
    }

    /// The values of one head, as bytes or floats.
    pub(super) fn values<T: bytemuck::AnyBitPattern>(&self, head: usize) -> &'a [T] {
        cast(of_head(self.regions.values, self.at.values, head, self.heads.value_words()))
    }

    /// Scales and offsets of one head.
    pub(super) fn scales(&self, head: usize) -> Keys<'a> {
        let keys = self.heads.extents.key_channels;
        Keys {
            offsets: of_head(self.regions.key_offsets, self.at.scales, head, keys),
            scales: of_head(self.regions.key_scales, self.at.scales, head, keys),
            value_scales: of_head(self.regions.value_scales, self.at.scales, head, keys),
        }
    }

    /// Channel sums of one head's values.
    pub(super) fn value_sums(&self, head: usize) -> &'a [i32] {
        of_head(self.regions.value_sums, self.at.value_sums, head, self.heads.extents.value_channels)
    }
}

/// The elements of a head, `size` for each.
fn of_head<T>(data: &[T], start: usize, head: usize, size: usize) -> &[T] {
    part(data, start + head * size..start + (head + 1) * size)
}
