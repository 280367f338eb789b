//! Words to pieces.

pub(crate) mod sentence_piece;
pub(crate) mod unigram;
pub(crate) mod word_piece;
