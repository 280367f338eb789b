//! Keys and values of one layer: for each head two weight matrices in the blocked layout, so that the kernels of the linears
//! serve attention too. In an int8 model keys lie as 16 keys by 4 channels and values as 16 channels by 4 keys; in a float
//! model as 16 keys by one channel and 16 channels by one key. Both are written in words of four bytes.

use crate::arena::{AttentionScratch, Shared};
use crate::config::Config;
use crate::disjoint::Disjoint;
use crate::format::layout::{BLOCK_CHANNELS, BLOCK_SLOTS};
use crate::kernels::{Kernels, Keys, Product, square_root};
use crate::plan::Extents;

/// Extents of the heads for one input.
#[derive(Clone, Copy)]
pub(crate) struct Heads {
    /// Heads, A.
    pub(crate) count: usize,
    /// Channels of a head, D.
    pub(crate) size: usize,
    /// Tokens attended to.
    pub(crate) keys: usize,
    pub(crate) extents: Extents,
    /// `log2(e) / sqrt(D)`: scores are in base 2.
    pub(crate) factor: f32,
}

impl Heads {
    pub(crate) fn new(config: &Config, keys: usize) -> Self {
        let size = config.head_size() as usize;
        Self {
            count: config.num_attention_heads as usize,
            size,
            keys,
            extents: Extents::new(config, keys),
            factor: core::f32::consts::LOG2_E / square_root(size as f32),
        }
    }

    /// Words of four bytes of one head's keys.
    fn key_words(&self) -> usize {
        self.extents.key_channels * self.extents.key_slots * self.extents.element / 4
    }

    /// Words of four bytes of one head's values.
    fn value_words(&self) -> usize {
        self.extents.value_channels * self.extents.value_slots * self.extents.element / 4
    }
}

/// Writes keys and values, from several tasks at once when each has its own tokens, in groups of four, or its own heads.
pub(crate) struct CacheWriter<'a> {
    heads: Heads,
    keys: Disjoint<'a, [u8; 4]>,
    values: Disjoint<'a, [u8; 4]>,
    key_scales: Disjoint<'a, f32>,
    value_scales: Disjoint<'a, f32>,
}

impl CacheWriter<'_> {
    pub(crate) fn heads(&self) -> &Heads {
        &self.heads
    }

    /// The key of one token and head: a word for each four channels (int8) or each channel (float).
    ///
    /// # Safety
    /// No other task writes this token and head.
    #[allow(unsafe_code)]
    pub(crate) unsafe fn write_key(&self, head: usize, token: usize, words: &[[u8; 4]]) {
        let block_words = BLOCK_CHANNELS * self.heads.extents.key_slots * self.heads.extents.element / 4;
        let first = head * self.heads.key_words() + token / BLOCK_CHANNELS * block_words + token % BLOCK_CHANNELS;
        // SAFETY: the words belong to this head and token alone.
        unsafe { self.keys.write(first, BLOCK_CHANNELS, words) }
    }

    /// Scale of a key.
    ///
    /// # Safety
    /// No other task writes this token and head.
    #[allow(unsafe_code)]
    pub(crate) unsafe fn write_key_scale(&self, head: usize, token: usize, scale: f32) {
        // SAFETY: the element belongs to this head and token alone.
        unsafe { self.key_scales.write(head * self.heads.extents.key_channels + token, 1, &[scale]) }
    }

    /// The values of one head and block of channels, a word for each channel: four tokens (int8) or one (float); `step` counts
    /// those.
    ///
    /// # Safety
    /// No other task writes these tokens and this head.
    #[allow(unsafe_code)]
    pub(crate) unsafe fn write_values(&self, head: usize, step: usize, block: usize, words: &[[u8; 4]]) {
        let block_words = BLOCK_CHANNELS * self.heads.extents.value_slots * self.heads.extents.element / 4;
        let first = head * self.heads.value_words() + block * block_words + step * BLOCK_CHANNELS;
        // SAFETY: the words belong to this head and these tokens alone.
        unsafe { self.values.write(first, 1, words) }
    }

    /// Scale of a value.
    ///
    /// # Safety
    /// No other task writes this token and head.
    #[allow(unsafe_code)]
    pub(crate) unsafe fn write_value_scale(&self, head: usize, token: usize, scale: f32) {
        // SAFETY: the element belongs to this head and token alone.
        unsafe { self.value_scales.write(head * self.heads.extents.key_channels + token, 1, &[scale]) }
    }
}

/// What attention takes from its sums, once all keys and values are there: what the offset of the queries' bytes adds to a key's
/// scores, and the channel sums of the values for the zero point of the probabilities. Both are products with a row of equal
/// bytes.
pub(crate) fn sum_cache(kernels: Kernels, heads: &Heads, shared: &mut Shared<'_>, scratch: &mut AttentionScratch<'_>) {
    let Extents { key_slots, key_channels, value_slots, value_channels, .. } = heads.extents;
    let sum = |byte: i32, bytes: &mut [u8], slots: usize, channels: usize, words: &[[u8; 4]], sums: &mut [i32]| {
        let row = bytes.get_mut(..slots).unwrap_or(&mut []);
        row.fill(byte as u8);
        let (steps, blocks) = (slots / BLOCK_SLOTS, heads.count * channels / BLOCK_CHANNELS);
        let size =
            Product { rows: 1, row_bytes: slots, steps, blocks, row_sums: heads.count * channels, continues: false };
        kernels.matmul_i8(&size, row, bytemuck::must_cast_slice(words), sums);
    };
    if shared.value_sums.is_empty() {
        return;
    }
    match kernels.activation_offset() {
        0 => shared.key_offsets.fill(0),
        offset => sum(offset, scratch.head, key_slots, key_channels, shared.keys, shared.key_offsets),
    }
    sum(1, scratch.probabilities, value_slots, value_channels, shared.values, shared.value_sums);
}

/// Keys and values of all heads.
#[derive(Clone, Copy)]
pub(crate) struct Cache<'a> {
    pub(crate) heads: Heads,
    keys: &'a [[u8; 4]],
    values: &'a [[u8; 4]],
    key_scales: &'a [f32],
    key_offsets: &'a [i32],
    value_scales: &'a [f32],
    value_sums: &'a [i32],
}

impl<'a> Cache<'a> {
    /// The keys of one head, as bytes or floats.
    pub(crate) fn keys<T: bytemuck::AnyBitPattern>(&self, head: usize) -> &'a [T] {
        bytemuck::try_cast_slice(part(self.keys, head, self.heads.key_words())).unwrap_or(&[])
    }

    /// The values of one head, as bytes or floats.
    pub(crate) fn values<T: bytemuck::AnyBitPattern>(&self, head: usize) -> &'a [T] {
        bytemuck::try_cast_slice(part(self.values, head, self.heads.value_words())).unwrap_or(&[])
    }

    /// Scales and offsets of one head.
    pub(crate) fn scales(&self, head: usize) -> Keys<'a> {
        let keys = self.heads.extents.key_channels;
        Keys {
            offsets: part(self.key_offsets, head, keys),
            scales: part(self.key_scales, head, keys),
            value_scales: part(self.value_scales, head, keys),
        }
    }

    /// Channel sums of one head's values.
    pub(crate) fn value_sums(&self, head: usize) -> &'a [i32] {
        part(self.value_sums, head, self.heads.extents.value_channels)
    }
}

/// Divides the shared regions into the hidden states and the written cache.
pub(crate) fn read<'a>(heads: Heads, shared: &'a mut Shared<'_>) -> (&'a mut [f32], Cache<'a>) {
    let cache = Cache {
        heads,
        keys: shared.keys,
        values: shared.values,
        key_scales: shared.key_scales,
        key_offsets: shared.key_offsets,
        value_scales: shared.value_scales,
        value_sums: shared.value_sums,
    };
    (shared.hidden, cache)
}

/// Divides the shared regions into the hidden states and the cache to be written.
pub(crate) fn write<'a>(heads: Heads, shared: &'a mut Shared<'_>) -> (&'a mut [f32], CacheWriter<'a>) {
    let writer = CacheWriter {
        heads,
        keys: Disjoint::new(shared.keys),
        values: Disjoint::new(shared.values),
        key_scales: Disjoint::new(shared.key_scales),
        value_scales: Disjoint::new(shared.value_scales),
    };
    (shared.hidden, writer)
}

/// The `index`th part of `size` elements.
fn part<T>(data: &[T], index: usize, size: usize) -> &[T] {
    data.get(index * size..(index + 1) * size).unwrap_or(&[])
}
