//! Building code point tables and maps.

use std::collections::{BTreeMap, HashMap};

use albert_core::tokenizer::section::map;

use super::CompileError;

/// Code points that can occur somewhere in the pipeline.
#[derive(Clone)]
pub(super) struct CodePointSet(Vec<bool>);

pub(super) const CODE_POINTS: u32 = 0x11_0000;

impl CodePointSet {
    /// Every character.
    pub(super) fn all() -> Self {
        Self((0..CODE_POINTS).map(|code| char::from_u32(code).is_some()).collect())
    }

    pub(super) fn none() -> Self {
        Self(vec![false; CODE_POINTS as usize])
    }

    pub(super) fn contains(&self, code: u32) -> bool {
        self.0.get(code as usize).copied().unwrap_or(false)
    }

    pub(super) fn insert(&mut self, code: u32) {
        if let Some(slot) = self.0.get_mut(code as usize) {
            *slot = true;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().zip(0..).filter_map(|(&contained, code)| contained.then_some(code))
    }
}

/// What each code point becomes; those without an entry stay.
#[derive(Clone, Default)]
pub(super) struct Map(pub(super) BTreeMap<u32, Vec<u32>>);

impl Map {
    /// The map of a function over a set, identities left out.
    pub(super) fn of(set: &CodePointSet, image: impl Fn(char) -> Vec<u32>) -> Self {
        let entries = set.iter().filter_map(|code| {
            let image = image(char::from_u32(code)?);
            (image != [code]).then_some((code, image))
        });
        Self(entries.collect())
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

    /// What a set becomes.
    pub(super) fn apply(&self, set: &CodePointSet) -> CodePointSet {
        let mut result = CodePointSet::none();
        for code in set.iter() {
            match self.0.get(&code) {
                Some(image) => image.iter().for_each(|&code| result.insert(code)),
                None => result.insert(code),
            }
        }
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
        let mut blocks = Vec::with_capacity(64);
        for leaf in 0..64 {
            let start = block << 12 | leaf << 6;
            let mut page = [0u16; 64];
            for (&code, &value) in values.range(start..start + 64) {
                page[(code - start) as usize] = value;
            }
            blocks.push(leaves.insert(page.to_vec()));
        }
        top.push(middle.insert(blocks));
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
    fn insert(&mut self, block: Vec<u16>) -> u16 {
        if let Some(&index) = self.known.get(&block) {
            return index;
        }
        let index = self.blocks;
        self.words.extend(&block);
        self.known.insert(block, index);
        self.blocks += 1;
        index
    }
}
