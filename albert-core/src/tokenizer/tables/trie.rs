//! Double-array tries over bytes.

use super::section::MAX_TOKEN_BYTES;
use super::section::trie::{BASE_MASK, BASE_SHIFT, LABEL, TERMINAL, VALUE};

/// Maps byte strings without NUL to 31-bit values. Any array of units is safe to walk; a damaged one may lead in circles, so
/// every walk has a bound of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trie<'m> {
    units: &'m [u32],
}

/// A place in a trie: the unit that led there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node(u32);

impl<'m> Trie<'m> {
    pub(crate) fn new(units: &'m [u32]) -> Self {
        Self { units }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Where every walk begins. In an empty trie it leads nowhere.
    #[inline]
    pub(crate) fn root(&self) -> Node {
        Node(self.units.first().copied().unwrap_or(0))
    }

    /// One byte further.
    #[inline]
    pub(crate) fn step(&self, node: Node, byte: u8) -> Option<Node> {
        let base = (node.0 >> BASE_SHIFT) & BASE_MASK;
        let unit = *self.units.get((base ^ u32::from(byte)) as usize)?;
        (unit & LABEL == u32::from(byte)).then_some(Node(unit))
    }

    /// The value of the key that ends here.
    #[inline]
    pub(crate) fn value(&self, node: Node) -> Option<u32> {
        if node.0 & TERMINAL == 0 {
            return None;
        }
        let unit = *self.units.get(((node.0 >> BASE_SHIFT) & BASE_MASK) as usize)?;
        Some(unit & !VALUE)
    }

    /// Whether the value of every key is below a limit, or the exception.
    pub(super) fn values_are_below(&self, limit: u32, exception: u32) -> bool {
        // No key is empty.
        self.root().0 & TERMINAL == 0
            && self.units.iter().all(|&unit| {
                unit & (VALUE | TERMINAL) != TERMINAL
                    || self.units.get((unit >> BASE_SHIFT & BASE_MASK) as usize).is_some_and(|&value| {
                        let number = value & !VALUE;
                        value & VALUE != 0 && (number < limit || number == exception)
                    })
            })
    }

    /// Walks a whole string.
    pub(crate) fn walk(&self, from: Node, bytes: &[u8]) -> Option<Node> {
        bytes.iter().try_fold(from, |node, &byte| self.step(node, byte))
    }

    /// The value of exactly this key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<u32> {
        self.value(self.walk(self.root(), key)?)
    }

    /// The longest key at the start of `bytes`: its value and length. No key is longer than [`MAX_TOKEN_BYTES`].
    pub(crate) fn longest_prefix(&self, bytes: &[u8]) -> Option<(u32, usize)> {
        let mut node = self.root();
        let mut longest = None;
        for (index, &byte) in bytes.iter().enumerate().take(MAX_TOKEN_BYTES) {
            let Some(next) = self.step(node, byte) else { break };
            node = next;
            if let Some(value) = self.value(node) {
                longest = Some((value, index + 1));
            }
        }
        longest
    }
}
