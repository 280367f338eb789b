//! From hidden states to logits, one file a head, and from logits to answers.

mod classifier;
mod masked_lm;
mod scores;
mod top_k;

pub(crate) use classifier::{classify_pooled, classify_tokens};
pub use masked_lm::{VocabularyChunk, VocabularyLogits};
pub use scores::{argmax, scores};
pub use top_k::{Candidate, TopK};
