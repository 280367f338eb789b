//! The records of the pipeline: normalizer operations and pre-tokenizer steps.

use super::code_points::CodePointTable;
use super::trie::Trie;

/// A normalizer operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation<'m> {
    Map { table: CodePointTable<'m>, pool: &'m [u32] },
    Decompose { table: CodePointTable<'m>, pool: &'m [u32], classes: CodePointTable<'m>, pairs: Option<&'m [[u32; 3]]> },
    Replace { pattern: &'m str, content: &'m str },
    CollapseBlanks { content: &'m str },
    Strip { left: bool, right: bool },
    Prepend { content: &'m str },
    Charsmap { trie: Trie<'m>, pool: &'m [u32], categories: CodePointTable<'m> },
    SentencePiece { trie: Trie<'m>, pool: &'m [u32], symbols: Trie<'m>, bits: u32 },
}

/// A pre-tokenizer step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'m> {
    Whitespace,
    Metaspace { blank: u32, prepend: u32, split: bool },
    Punctuation { table: CodePointTable<'m> },
}
