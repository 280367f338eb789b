//! From hidden states to logits, one file a head.

mod classifier;

pub(crate) use classifier::{classify_pooled, classify_tokens};
