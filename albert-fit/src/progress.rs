//! How far a fit is.

/// A piece of long work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Running the examples through the encoder; units are examples.
    Features,
    /// Cross-validation; units are folds, once for each kind of pooling.
    Folds,
}

impl Stage {
    /// What is counted in it: `texts`, `folds`.
    pub const fn units(self) -> &'static str {
        match self {
            Self::Features => "texts",
            Self::Folds => "folds",
        }
    }
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Units done.
    pub done: usize,
    /// Units in all.
    pub total: usize,
}
