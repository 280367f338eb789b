//! The caller's memory: token arrays, text of unknown tokens, and scratch for one segment.

pub(crate) mod char_buffer;
pub(crate) mod token_buffer;
pub(crate) mod workspace;
