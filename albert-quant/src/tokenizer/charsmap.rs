//! SentencePiece's precompiled character maps.

use std::collections::BTreeMap;

use albert_core::tokenizer::section::MAX_TOKEN_BYTES;

use super::CompileError;

/// Longest key that is looked for; the official maps' have 18 bytes.
const MAX_KEY_BYTES: usize = 64;
/// Most prefixes of keys; ALBERT's own map has 262,841. Units may be shared between keys, so that a small map can stand for any
/// number.
const MAX_PREFIXES: usize = 1 << 19;
/// Most bytes of keys and replacements together; ALBERT's have 2 million.
const MAX_BYTES: usize = 8 << 20;

/// Keys and replacements of a map.
#[derive(Clone, Debug, Default)]
pub(super) struct Charsmap(pub(super) BTreeMap<Vec<u8>, String>);

impl Charsmap {
    /// Reads the blob: u32 trie bytes, a Darts trie of u32 units, replacements that end in NUL.
    ///
    /// The number of prefixes and the bytes of all keys are bounded, and replacements are no longer than a token.
    pub(super) fn parse(blob: &[u8]) -> Result<Self, CompileError> {
        let damaged = || CompileError::Charsmap;
        if blob.is_empty() {
            return Ok(Self::default());
        }
        let (size, rest) = blob.split_first_chunk::<4>().ok_or_else(damaged)?;
        let (trie, text) = rest.split_at_checked(u32::from_le_bytes(*size) as usize).ok_or_else(damaged)?;
        let (units, _) = trie.as_chunks::<4>();
        let units: Vec<u32> = units.iter().map(|&unit| u32::from_le_bytes(unit)).collect();
        let (mut prefixes, mut bytes) = (0, 0);
        let unit = |at: u32| units.get(at as usize).copied().ok_or_else(damaged);
        let offset = |unit: u32| (unit >> 10) << ((unit & 0x200) >> 6);
        let mut keys = BTreeMap::new();
        let mut stack = vec![(offset(unit(0)?), Vec::new())];
        while let Some((base, key)) = stack.pop() {
            for label in 1..=255u8 {
                let at = base ^ u32::from(label);
                let Some(&child) = units.get(at as usize) else { continue };
                if child & 0x8000_00ff != u32::from(label) {
                    continue;
                }
                prefixes += 1;
                if key.len() + 1 >= MAX_KEY_BYTES || prefixes > MAX_PREFIXES {
                    return Err(damaged());
                }
                let mut key: Vec<u8> = key.clone();
                key.push(label);
                let next = at ^ offset(child);
                if child >> 8 & 1 == 1 {
                    let start = (unit(next)? & 0x7fff_ffff) as usize;
                    let tail = text.get(start..).ok_or_else(damaged)?;
                    let tail = &tail[..tail.len().min(MAX_TOKEN_BYTES + 1)];
                    let end = tail.iter().position(|&byte| byte == 0).unwrap_or(tail.len());
                    if end > MAX_TOKEN_BYTES {
                        return Err(damaged());
                    }
                    bytes += key.len() + end;
                    if bytes > MAX_BYTES {
                        return Err(damaged());
                    }
                    let replacement = std::str::from_utf8(&tail[..end]).map_err(|_| damaged())?;
                    keys.insert(key.clone(), replacement.to_owned());
                }
                stack.push((next, key));
            }
        }
        Ok(Self(keys))
    }
}
