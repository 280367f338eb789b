//! Building double-array tries.

use std::collections::BTreeMap;

use albert_core::tokenizer::section::trie::{BASE_MASK, BASE_SHIFT, TERMINAL, VALUE};

use super::CompileError;

/// Units for these keys. Keys are not empty and hold no NUL; of equal keys the last counts.
pub(super) fn build<'k>(keys: impl IntoIterator<Item = (&'k [u8], u32)>) -> Result<Vec<u32>, CompileError> {
    let keys: BTreeMap<&[u8], u32> = keys.into_iter().collect();
    let keys: Vec<(&[u8], u32)> = keys.into_iter().collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    if let Some((key, _)) = keys.iter().find(|(key, value)| key.is_empty() || key.contains(&0) || *value >= VALUE) {
        return Err(CompileError::Token { token: String::from_utf8_lossy(key).into_owned() });
    }
    let mut builder = Builder { units: vec![VALUE], used: vec![true], next_free: 1, bases: Vec::new() };
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
    Ok(builder.units)
}

struct Builder {
    units: Vec<u32>,
    used: Vec<bool>,
    next_free: usize,
    bases: Vec<bool>,
}

impl Builder {
    /// Finds a base of its own whose places for `labels` are all free, and takes them.
    fn place(&mut self, labels: &[u8]) -> Result<usize, CompileError> {
        while self.used.get(self.next_free) == Some(&true) {
            self.next_free += 1;
        }
        let first = usize::from(labels.first().copied().unwrap_or(0));
        let mut slot = self.next_free;
        loop {
            if self.used.get(slot) != Some(&true) {
                let base = slot ^ first;
                let free = labels.iter().all(|&label| self.used.get(base ^ usize::from(label)) != Some(&true));
                if base > 0 && free && self.bases.get(base) != Some(&true) {
                    return self.take(base, labels);
                }
            }
            slot += 1;
        }
    }

    fn take(&mut self, base: usize, labels: &[u8]) -> Result<usize, CompileError> {
        if base > BASE_MASK as usize {
            return Err(CompileError::TooLarge { what: "vocabulary trie" });
        }
        for &label in labels {
            let at = base ^ usize::from(label);
            if at >= self.units.len() {
                // Unused units look like values, so that no byte leads to them.
                self.units.resize(at + 1, VALUE);
                self.used.resize(at + 1, false);
            }
            self.used[at] = true;
        }
        if base >= self.bases.len() {
            self.bases.resize(base + 1, false);
        }
        self.bases[base] = true;
        Ok(base)
    }
}
