//! The tasks of the Hugging Face pipelines, one file each.

pub(crate) mod calls;
mod feature_extraction;
mod fill_mask;
mod multiple_choice;
mod question_answering;
mod ranking;
mod reranking;
mod sentence_embedding;
mod sentence_order;
mod text_classification;
mod token_classification;
mod windows;
mod words;
mod zero_shot;

pub(crate) use calls::{Single, run_batch, run_batch_together, run_each};
pub use feature_extraction::{FeatureExtraction, HiddenStates};
pub use fill_mask::{FillMask, Filling, Target};
pub use multiple_choice::{Choice, MultipleChoice};
pub use question_answering::{Answer, QuestionAnswering};
pub use ranking::Label;
pub use reranking::{Ranked, Reranking};
pub use sentence_embedding::{Embedding, SentenceEmbedding};
pub use sentence_order::SentenceOrder;
pub use text_classification::{Function, TextClassification};
pub use token_classification::{Entity, TokenClassification};
pub use zero_shot::{Ranking, ZeroShotClassification};
