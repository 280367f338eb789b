//! Parts of the core that a build may leave out, by cargo features, so that a device that runs one model pays for no other.
//!
//! They are constants in the conditions of ordinary code: every build checks all of it, and the optimizer drops what cannot run.
//! A model that needs a part that was left out is refused when it is opened.

/// fp16 and fp32 weights.
pub(crate) const FLOAT: bool = cfg!(feature = "float");
/// Codebook weights of 4 and 5 bits.
pub(crate) const CODEBOOK: bool = cfg!(feature = "codebook");
/// Tokenizers made from a bare `spiece.model`.
pub(crate) const SENTENCE_PIECE: bool = cfg!(feature = "sentencepiece");
/// WordPiece tokenizers.
pub(crate) const WORD_PIECE: bool = cfg!(feature = "wordpiece");
/// Classifiers that read something else than the pooler.
pub(crate) const POOLING: bool = cfg!(feature = "pooling");
/// Head files beside a model.
pub(crate) const HEAD_FILES: bool = cfg!(feature = "head-files");
/// Shortcuts that give the same results faster: not on microcontrollers.
pub(crate) const LARGE_TARGET: bool = cfg!(not(any(target_arch = "arm", target_arch = "riscv32")));
/// Workers that share the rows of a tile: not where there is one thread.
pub(crate) const THREADS: bool =
    LARGE_TARGET && cfg!(not(all(target_family = "wasm", not(target_feature = "atomics"))));
