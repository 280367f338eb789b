//! Mutations that know a model file: its directory, its configuration, its tensor records, the words of its tables. The length
//! in the header stays valid, so that a mutation reaches the checks behind it; the checksum is checked apart from them.

use albert_core::format::layout::{HEADER_BYTES, SECTION_BYTES, TENSOR_BYTES, section};

/// Changes the model file in `bytes[..length]`; returns its new length. `mutate` is the fuzzer's own mutator.
pub fn mutate(bytes: &mut [u8], length: usize, seed: u32, mutate: impl FnOnce(&mut [u8], usize) -> usize) -> usize {
    let mut random = Random(u64::from(seed) << 1 | 1);
    let most = bytes.len();
    let length = match random.below(4) {
        0 => mutate(bytes, length),
        _ => {
            let file = &mut bytes[..length.min(most)];
            for _ in 0..1 + random.below(3) {
                change(file, &mut random);
            }
            length
        }
    };
    if let Some(stated) = bytes[..length.min(most)].get_mut(16..24) {
        stated.copy_from_slice(&(length.min(most) as u64).to_le_bytes());
    }
    length
}

/// One change in a place that means something.
fn change(file: &mut [u8], random: &mut Random) {
    if file.len() < HEADER_BYTES {
        return;
    }
    let directory: Vec<(u32, usize, usize)> = (0..u32_at(file, 12).min(64) as usize)
        .map(|index| HEADER_BYTES + SECTION_BYTES * index)
        .map(|at| (u32_at(file, at), u64_at(file, at + 8), u64_at(file, at + 16)))
        .collect();
    let Some(&(kind, start, bytes)) = pick(&directory, random) else { return put(file, 12, 4, random) };
    let Some(end) = start.checked_add(bytes).filter(|&end| end <= file.len() && bytes > 0) else {
        return put(file, HEADER_BYTES + 4 * random.below(6 * directory.len()), 4, random);
    };
    let inside = |random: &mut Random, unit: usize| start + random.below(bytes) / unit * unit;
    match (random.below(8), kind) {
        // The directory: kind, flags, start and length of a section.
        (0, _) => put(file, HEADER_BYTES + 4 * random.below(6 * directory.len()), 4, random),
        // A record's role, block, dtype, sizes and offsets; or two records change places.
        (1, section::TENSORS) if bytes >= 3 * TENSOR_BYTES => {
            let records = bytes / TENSOR_BYTES - 1;
            let [one, other] = [(); 2].map(|()| start + TENSOR_BYTES * (1 + random.below(records)));
            let swapped: Vec<u8> = file[one..one + TENSOR_BYTES].to_vec();
            file.copy_within(other..other + TENSOR_BYTES, one);
            file[other..other + TENSOR_BYTES].copy_from_slice(&swapped);
        }
        (_, section::TENSORS) => {
            let width = [1, 2, 4, 4, 8, 8][random.below(6)];
            put(file, inside(random, width), width, random);
        }
        // A part of a table over another one.
        (1, section::TOKENIZER) => {
            let span = (1 + random.below(64)).min(bytes);
            let [from, to] = [(); 2].map(|()| start + random.below(bytes - span + 1));
            file.copy_within(from..from + span, to);
        }
        // A word of the configuration, a table or the data: mostly near the section's start, where the counts are.
        (2..5, _) => put(file, start + random.below(bytes.min(256)) / 4 * 4, 4, random),
        _ => put(file, inside(random, 4), 4, random),
    }
    debug_assert!(end <= file.len());
}

/// Writes a number that readers stumble over into `width` bytes at `at`.
fn put(file: &mut [u8], at: usize, width: usize, random: &mut Random) {
    let most = file.len() as u64;
    let Some(place) = file.get_mut(at..at + width) else { return };
    let mut word = [0; 8];
    word[..width].copy_from_slice(place);
    let old = u64::from_le_bytes(word);
    let new = match random.below(12) {
        0 => 0,
        1 => u64::MAX,
        2 => old.wrapping_add(1),
        3 => old.wrapping_sub(1),
        4 => old.wrapping_mul(2),
        5 => old / 2,
        6 => 1 << random.below(8 * width),
        7 => most.wrapping_sub(random.below(130) as u64),
        8 => old ^ 1 << random.below(8 * width),
        9 => random.below(256) as u64,
        10 => old.wrapping_add(64),
        _ => random.next(),
    };
    place.copy_from_slice(&new.to_le_bytes()[..width]);
}

/// Any of `items`.
fn pick<'i, T>(items: &'i [T], random: &mut Random) -> Option<&'i T> {
    if items.is_empty() { None } else { items.get(random.below(items.len())) }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, |word| u64::from_le_bytes(word) as usize)
}

/// A small generator (xorshift64*), seeded by libFuzzer.
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit
    }
}
