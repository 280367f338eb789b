//! Building double-array tries.
//!
//! A label is XORed to a base, so that all children of a node lie in one block of 256 units. Blocks that a node did not fit into
//! too often are closed: the time is proportional to the units.

use std::collections::BTreeMap;

use albert_core::tokenizer::section::MAX_TOKEN_BYTES;
use albert_core::tokenizer::section::trie::{BASE_MASK, BASE_SHIFT, TERMINAL, VALUE};

use super::CompileError;

/// Units of a block.
const BLOCK: usize = 256;
/// How often nodes may not fit into a block before it is closed.
const MOST_FAILURES: u32 = 512;

/// Units for these keys. Keys are not empty, no longer than a token and hold no NUL; of equal keys the last counts.
pub(super) fn build<'k>(keys: impl IntoIterator<Item = (&'k [u8], u32)>) -> Result<Vec<u32>, CompileError> {
    let keys: BTreeMap<&[u8], u32> = keys.into_iter().collect();
    let keys: Vec<(&[u8], u32)> = keys.into_iter().collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let refused = |key: &[u8]| key.is_empty() || key.len() > MAX_TOKEN_BYTES || key.contains(&0);
    if let Some((key, _)) = keys.iter().find(|&&(key, value)| refused(key) || value >= VALUE) {
        return Err(CompileError::Token { token: String::from_utf8_lossy(key).into_owned() });
    }
    let mut builder = Builder::new();
    // Children of one node at a time; the stack holds the node's unit, its range of keys and its depth.
    let mut stack = vec![(0usize, 0..keys.len(), 0usize)];
    while let Some((unit, range, depth)) = stack.pop() {
        let mut children: Vec<(u8, std::ops::Range<usize>)> = Vec::new();
        let mut value = None;
        for index in range {
            let (key, key_value) = keys[index];
            match key.get(depth) {
                None => value = Some(key_value),
                Some(&label) => match children.last_mut() {
                    Some((last, range)) if *last == label => range.end = index + 1,
                    _ => children.push((label, index..index + 1)),
                },
            }
        }
        let labels: Vec<u8> = value.map(|_| 0).into_iter().chain(children.iter().map(|&(label, _)| label)).collect();
        let base = builder.place(&labels)?;
        builder.units[unit] |= (base as u32) << BASE_SHIFT;
        if let Some(value) = value {
            builder.units[unit] |= TERMINAL;
            builder.units[base] = VALUE | value;
        }
        for (label, range) in children {
            let child = base ^ usize::from(label);
            builder.units[child] = u32::from(label);
            stack.push((child, range, depth + 1));
        }
    }
    Ok(builder.finish())
}

/// Which units of a block are taken, and which are bases.
struct Block {
    used: [bool; BLOCK],
    bases: [bool; BLOCK],
    free: usize,
    failures: u32,
}

struct Builder {
    units: Vec<u32>,
    blocks: Vec<Block>,
    /// Blocks that are not closed, in order.
    open: Vec<usize>,
}

impl Builder {
    fn new() -> Self {
        let mut builder = Self { units: Vec::new(), blocks: Vec::new(), open: Vec::new() };
        // The root; no node has the base 0, which an unused unit would have.
        builder.add_block();
        let first = &mut builder.blocks[0];
        (first.used[0], first.bases[0]) = (true, true);
        first.free -= 1;
        builder
    }

    fn add_block(&mut self) {
        // Unused units look like values, so that no byte leads to them.
        self.units.resize(self.units.len() + BLOCK, VALUE);
        self.open.push(self.blocks.len());
        self.blocks.push(Block { used: [false; BLOCK], bases: [false; BLOCK], free: BLOCK, failures: 0 });
    }

    /// Finds a base of its own whose places for `labels` are all free, and takes them.
    fn place(&mut self, labels: &[u8]) -> Result<usize, CompileError> {
        let mut at = 0;
        while let Some(&index) = self.open.get(at) {
            let block = &mut self.blocks[index];
            if block.free >= labels.len() {
                if let Some(base) = block.take(labels) {
                    if block.free == 0 {
                        self.open.remove(at);
                    }
                    return Ok(index * BLOCK + base);
                }
                block.failures += 1;
                if block.failures >= MOST_FAILURES {
                    self.open.remove(at);
                    continue;
                }
            }
            at += 1;
        }
        if self.units.len() > BASE_MASK as usize {
            return Err(CompileError::TooLarge { what: "vocabulary trie" });
        }
        self.add_block();
        self.place(labels)
    }

    /// The units without the unused ones at the end.
    fn finish(mut self) -> Vec<u32> {
        let last = self.blocks.last().and_then(|block| block.used.iter().rposition(|&used| used));
        self.units.truncate((self.blocks.len() - 1) * BLOCK + last.map_or(0, |last| last + 1));
        self.units
    }
}

impl Block {
    fn take(&mut self, labels: &[u8]) -> Option<usize> {
        let first = usize::from(labels.first().copied().unwrap_or(0));
        let fits = |base: usize| !self.bases[base] && labels.iter().all(|&label| !self.used[base ^ usize::from(label)]);
        let base = (0..BLOCK).filter(|slot| !self.used[*slot]).map(|slot| slot ^ first).find(|&base| fits(base))?;
        self.bases[base] = true;
        labels.iter().for_each(|&label| self.used[base ^ usize::from(label)] = true);
        self.free -= labels.len();
        Some(base)
    }
}
