//! Building code point tables and maps.

use std::collections::{BTreeMap, HashMap};

use albert_core::tokenizer::section::map;

use super::CompileError;

pub(super) const CODE_POINTS: u32 = 0x11_0000;

/// Code points that can occur somewhere in the pipeline, a bit each.
#[derive(Clone)]
pub(super) struct CodePointSet(Vec<u64>);

impl CodePointSet {
    /// Every character.
    pub(super) fn all() -> Self {
        let mut words = vec![u64::MAX; (CODE_POINTS / 64) as usize];
        words[0xd800 / 64..0xe000 / 64].fill(0);
        Self(words)
    }

    pub(super) fn contains(&self, code: u32) -> bool {
        self.0.get((code / 64) as usize).is_some_and(|word| word >> (code % 64) & 1 == 1)
    }

    pub(super) fn insert(&mut self, code: u32) {
        if let Some(word) = self.0.get_mut((code / 64) as usize) {
            *word |= 1 << (code % 64);
        }
    }

    /// The numbers of this set's code points.
    pub(super) fn only(&self, numbers: &BTreeMap<u32, u16>) -> BTreeMap<u32, u16> {
        numbers.iter().filter(|&(&code, _)| self.contains(code)).map(|(&code, &number)| (code, number)).collect()
    }

    fn remove(&mut self, code: u32) {
        if let Some(word) = self.0.get_mut((code / 64) as usize) {
            *word &= !(1 << (code % 64));
        }
    }
}

/// What each code point becomes; those without an entry stay.
#[derive(Clone, Default)]
pub(super) struct Map(pub(super) BTreeMap<u32, Vec<u32>>);

impl Map {
    /// The map of a function over all characters, identities left out.
    pub(super) fn of(image: impl Fn(char) -> Vec<u32>) -> Self {
        let entries = ('\0'..=char::MAX).filter_map(|character| {
            let (code, image) = (u32::from(character), image(character));
            (image != [code]).then_some((code, image))
        });
        Self(entries.collect())
    }

    /// What this map does to a set.
    pub(super) fn within(&self, set: &CodePointSet) -> Self {
        let entries = self.0.iter().filter(|&(&code, _)| set.contains(code));
        Self(entries.map(|(&code, image)| (code, image.clone())).collect())
    }

    pub(super) fn image(&self, code: u32) -> Vec<u32> {
        self.0.get(&code).cloned().unwrap_or_else(|| vec![code])
    }

    /// This map, then another; the other covers everything that this one's images hold.
    pub(super) fn then(&self, next: &Self) -> Self {
        let mut entries = next.0.clone();
        for (&code, image) in &self.0 {
            let image: Vec<u32> = image.iter().flat_map(|&code| next.image(code)).collect();
            if image == [code] {
                entries.remove(&code);
            } else {
                entries.insert(code, image);
            }
        }
        Self(entries)
    }

    /// What a set becomes; this map is one within the set.
    pub(super) fn apply(&self, set: &CodePointSet) -> CodePointSet {
        let mut result = set.clone();
        self.0.keys().for_each(|&code| result.remove(code));
        self.0.values().flatten().for_each(|&code| result.insert(code));
        result
    }

    /// The table and the pool of the section.
    pub(super) fn encode(&self) -> Result<(Vec<u16>, Vec<u32>), CompileError> {
        let mut pool = Pool::default();
        let mut values = BTreeMap::new();
        for (&code, image) in &self.0 {
            let value = match image.as_slice() {
                [] => map::REMOVE,
                [0x20, middle, 0x20] if *middle == code => map::SPACED,
                image if *image == hangul(code) => map::HANGUL,
                image => {
                    let index = pool.insert(image);
                    u16::try_from(index + u32::from(map::POOL))
                        .map_err(|_| CompileError::TooLarge { what: "normalization table" })?
                }
            };
            values.insert(code, value);
        }
        Ok((table(&values), pool.words))
    }
}

/// The conjoining jamo of a Hangul syllable; empty for others.
fn hangul(code: u32) -> Vec<u32> {
    match code.checked_sub(0xac00) {
        Some(index) if index < 11_172 => {
            let trailing = index % 28;
            let mut jamo = vec![0x1100 + index / 588, 0x1161 + index % 588 / 28];
            jamo.extend((trailing > 0).then_some(0x11a7 + trailing));
            jamo
        }
        _ => Vec::new(),
    }
}

/// Sequences of code points, each stored once.
#[derive(Default)]
pub(super) struct Pool {
    pub(super) words: Vec<u32>,
    known: HashMap<Vec<u32>, u32>,
}

impl Pool {
    /// The index of a sequence, which is not empty.
    pub(super) fn insert(&mut self, sequence: &[u32]) -> u32 {
        if let Some(&index) = self.known.get(sequence) {
            return index;
        }
        let index = self.words.len() as u32;
        let last = sequence.len().saturating_sub(1);
        self.words.extend(sequence.iter().enumerate().map(|(at, &code)| code | if at < last { map::MORE } else { 0 }));
        self.known.insert(sequence.to_vec(), index);
        index
    }
}

/// The three-stage table of these values; code points without one have 0.
pub(super) fn table(values: &BTreeMap<u32, u16>) -> Vec<u16> {
    let Some((&last, _)) = values.last_key_value() else { return Vec::new() };
    let tops = (last >> 12) + 1;
    let (mut top, mut middle, mut leaves) = (Vec::new(), Stage::default(), Stage::default());
    for block in 0..tops {
        let mut pages = vec![[0u16; 64]; 64];
        for (&code, &value) in values.range(block << 12..(block + 1) << 12) {
            pages[(code >> 6 & 63) as usize][(code & 63) as usize] = value;
        }
        let blocks = pages.iter().map(|page| leaves.insert(page)).collect::<Vec<_>>();
        top.push(middle.insert(&blocks));
    }
    let mut words = vec![top.len() as u16, middle.blocks, 0, 0];
    words.extend(top.into_iter().chain(middle.words).chain(leaves.words));
    words
}

/// Blocks of 64 values, each stored once.
#[derive(Default)]
struct Stage {
    words: Vec<u16>,
    blocks: u16,
    known: HashMap<Vec<u16>, u16>,
}

impl Stage {
    fn insert(&mut self, block: &[u16]) -> u16 {
        if let Some(&index) = self.known.get(block) {
            return index;
        }
        let index = self.blocks;
        self.words.extend(block);
        self.known.insert(block.to_vec(), index);
        self.blocks += 1;
        index
    }
}
