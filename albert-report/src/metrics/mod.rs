//! What a model's answers are worth: pure functions over answers and references.
//!
//! Each task has a type of row, a function over rows, and a type of figures:
//!
//! | task | row | figures | equal to |
//! |---|---|---|---|
//! | one label a text | [`Classified`] | [`Classification`] | scikit-learn |
//! | several labels a text | [`MultiLabelled`] | [`MultiLabel`] | scikit-learn |
//! | a value a text | [`Valued`] | [`Regression`] | SciPy, scikit-learn |
//! | similarity of two texts | [`Valued`] | [`Similarity`] | SciPy |
//! | an answer within a text | [`Answered`] | [`Answers`] | SQuAD's `evaluate-v2.0.py` |
//! | a tag a word | [`Tagged`] | [`Entities`] | seqeval |
//! | tokens at masks | [`Filled`] | [`MaskedTokens`] | cross-entropy, top-k accuracy |
//!
//! Shares and errors are fractions, not percent. A share of nothing is 0; a correlation of constant values is not a number.
//! Intervals hold the figure in 95 of 100 samples of rows: 1,000 draws with replacement, a fixed seed, quantiles of the draws.

mod answers;
mod bootstrap;
mod classification;
mod correlation;
mod counts;
mod entities;
mod evaluation;
mod masked_tokens;
mod multi_label;
mod regression;

pub use albert_fit::{BINS, Bin, Reliability, reliability};
pub use answers::{AnswerShares, Answered, Answers, answers, normalize_answer};
pub use bootstrap::{DRAWS, Interval};
pub use classification::{Classification, Classified, classification};
pub use correlation::{pearson, spearman};
pub use counts::{LabelCounts, LabelFigures};
pub use entities::{Entities, Span, Tagged, entities, spans};
pub use evaluation::{Evaluation, Figure};
pub use masked_tokens::{Filled, MaskedTokens, masked_tokens};
pub use multi_label::{MultiLabel, MultiLabelled, multi_label};
pub use regression::{Regression, Similarity, Valued, regression, similarity};
