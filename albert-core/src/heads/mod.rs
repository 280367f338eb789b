//! From hidden states to logits, one file a head, and from logits to answers.

mod classifier;
mod entities;
mod masked_lm;
mod scores;
mod sentence;
mod spans;
mod top_k;

pub(crate) use classifier::{classify_pooled, classify_tokens};
pub use entities::{Aggregation, Entities, Entity, TokenKind};
pub use masked_lm::{VocabularyChunk, VocabularyLogits};
pub use scores::{argmax, scores};
pub use sentence::sentence_embedding;
pub use spans::{Span, Spans, spans};
pub use top_k::{Candidate, TopK};
