//! How far a fit is.

/// A stage of a fit.
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

/// How far a fit is, as [`Options::progress`](crate::Options::progress) hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Units of this stage that are done.
    pub done: usize,
    /// Units of this stage.
    pub total: usize,
}
