//! Double-array tries over bytes.

use super::section::trie::{BASE_MASK, BASE_SHIFT, LABEL, TERMINAL, VALUE};

/// Maps byte strings without NUL to 31-bit values. Any array of units is safe to walk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trie<'m> {
    units: &'m [u32],
}

/// A place in a trie: the unit that led there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node(u32);

impl<'m> Trie<'m> {
    pub(super) fn new(units: &'m [u32]) -> Self {
        Self { units }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Where every walk begins. In an empty trie it leads nowhere.
    #[inline]
    pub(super) fn root(&self) -> Node {
        Node(self.units.first().copied().unwrap_or(0))
    }

    /// One byte further.
    #[inline]
    pub(super) fn step(&self, node: Node, byte: u8) -> Option<Node> {
        let base = (node.0 >> BASE_SHIFT) & BASE_MASK;
        let unit = *self.units.get((base ^ u32::from(byte)) as usize)?;
        (unit & LABEL == u32::from(byte)).then_some(Node(unit))
    }

    /// The value of the key that ends here.
    #[inline]
    pub(super) fn value(&self, node: Node) -> Option<u32> {
        if node.0 & TERMINAL == 0 {
            return None;
        }
        let unit = *self.units.get(((node.0 >> BASE_SHIFT) & BASE_MASK) as usize)?;
        Some(unit & !VALUE)
    }

    /// Walks a whole string.
    pub(super) fn walk(&self, from: Node, bytes: &[u8]) -> Option<Node> {
        bytes.iter().try_fold(from, |node, &byte| self.step(node, byte))
    }

    /// The value of exactly this key.
    pub(super) fn get(&self, key: &[u8]) -> Option<u32> {
        self.value(self.walk(self.root(), key)?)
    }

    /// The longest key at the start of `bytes`: its value and length.
    pub(super) fn longest_prefix(&self, bytes: &[u8]) -> Option<(u32, usize)> {
        let mut node = self.root();
        let mut longest = None;
        for (index, &byte) in bytes.iter().enumerate() {
            let Some(next) = self.step(node, byte) else { break };
            node = next;
            if let Some(value) = self.value(node) {
                longest = Some((value, index + 1));
            }
        }
        longest
    }
}
