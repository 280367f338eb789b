//! From hidden states to logits, and from logits to answers.
//!
//! | head | its logits | answers |
//! |---|---|---|
//! | none | | `sentence_embedding` |
//! | sequence classification, multiple choice, sentence order | `classifier`, over the pooled vector | `scores`, `top_k` |
//! | token classification | `classifier`, over every token | `token_classification` |
//! | question answering | `classifier`, over every token | `question_answering` |
//! | none | | [`Prototypes`]: labels taught on the device; [`Search`]: the nearest of many texts |
//! | masked LM, pre-training | `masked_lm`, over the requested rows | `top_k` |

mod classifier;
mod masked_lm;
mod pooling;
mod prototypes;
mod question_answering;
mod scores;
mod search;
mod sentence_embedding;
mod token_classification;
mod top_k;

pub(crate) use classifier::{classify_pooled, classify_tokens};
pub use masked_lm::{VocabularyChunk, VocabularyLogits};
pub use pooling::pool;
pub use prototypes::{Nearest, PrototypeError, Prototypes};
pub use question_answering::{Span, Spans, spans};
pub use scores::{argmax, confidence, scores};
pub use search::{Scores, Search, SearchError};
pub(crate) use sentence_embedding::embed_text;
pub use sentence_embedding::{normalize, sentence_embedding};
pub use token_classification::{Aggregation, Entities, Entity, TokenKind};
pub use top_k::{Candidate, TopK};
