//! How to fit.

use albert_edge::albert_core::config::Pooling;
use albert_fit::{HeadStorage, Options};

use crate::status::albert_status;
use crate::tasks::error::Failure;
use crate::tasks::options::{albert_number, named, number, yes};
use crate::tasks::text::albert_text;

/// A classifier's weights in int8: the same bits on every machine.
pub const ALBERT_WEIGHTS_INT8: u32 = 0;
/// A classifier's weights in f32: four times as large.
pub const ALBERT_WEIGHTS_F32: u32 = 1;

/// How to fit, with the names of the options of the command `albert fit`. Zeros mean: as it is best on held-out examples, or as
/// the command has it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_fit_options {
    /// What the classifier reads: mean, first-token, pooler, max or mean-sqrt.
    pub pooling: albert_text,
    /// Strength of the penalty.
    pub strength: f64,
    /// Folds of the cross-validation, 2 or more; 0 for 5.
    pub folds: usize,
    /// Counts all labels the same, however many examples they have.
    pub balanced: bool,
    /// Gives the same bytes on every machine; slower. Otherwise another CPU may round weights in the last place.
    pub portable: bool,
    /// Whether an example may have several labels; by itself when some example has not exactly one. ALBERT_NO, ALBERT_YES.
    pub multi_label: u32,
    /// The share of texts in scope that may be called out of scope; sets the threshold.
    pub reject: f64,
    /// Label of examples that are out of scope: it is not learned, but sets the threshold.
    pub out_of_scope_label: albert_text,
    /// Most tokens of a text; longer ones are cut.
    pub max_length: albert_number,
    /// Decides which examples are held out together.
    pub seed: u64,
    /// Most threads, the caller's counted; 0 for one a core. The result does not depend on it.
    pub threads: usize,
}

/// Options as the library has them.
///
/// # Safety
/// Texts are as [`albert_text::get`] says.
pub(super) unsafe fn read_options(from: &albert_fit_options) -> Result<Options<'static>, Failure> {
    let mut to = Options::default();
    // SAFETY: the caller's promise, here and below.
    to.pooling = unsafe { named(from.pooling, Pooling::from_name, "pooling") }?;
    to.strength = (from.strength != 0.0).then_some(from.strength);
    if from.folds > 0 {
        to.folds = from.folds;
    }
    to.balanced = from.balanced;
    to.portable = from.portable;
    to.multi_label = yes(from.multi_label)?;
    to.reject = (from.reject != 0.0).then_some(from.reject);
    // SAFETY: as above.
    to.out_of_scope = unsafe { from.out_of_scope_label.copy() }?;
    to.max_tokens = number(from.max_length);
    to.seed = from.seed;
    if from.threads > 0 {
        to.threads = from.threads;
    }
    Ok(to)
}

/// What a classifier's weights are stored in, by an ALBERT_WEIGHTS_ number.
pub(super) fn storage(weights: u32) -> Result<HeadStorage, albert_status> {
    match weights {
        ALBERT_WEIGHTS_INT8 => Ok(HeadStorage::Int8),
        ALBERT_WEIGHTS_F32 => Ok(HeadStorage::F32),
        _ => Err(albert_status::Argument),
    }
}
