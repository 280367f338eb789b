//! Tokens at masks.

use std::borrow::Borrow;

use serde::Serialize;

use super::bootstrap::{Interval, intervals};

/// How the model ranks the right token of a mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filled {
    /// Natural logarithm of the right token's probability.
    pub log_probability: f64,
    /// Number of tokens that are more probable; 0 if the model is right.
    pub rank: usize,
}

/// Figures of a masked language model.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MaskedTokens {
    /// Number of masks.
    pub masks: usize,
    /// Mean cross-entropy of the right tokens, in nats.
    pub loss: f64,
    /// 95 % interval of `loss`.
    pub loss_interval: Interval,
    /// e to the power of the loss.
    pub perplexity: f64,
    /// Share of masks whose most probable token is right.
    pub top_1: f64,
    /// 95 % interval of `top_1`.
    pub top_1_interval: Interval,
    /// Share of masks with the right token among the five most probable.
    pub top_5: f64,
    /// 95 % interval of `top_5`.
    pub top_5_interval: Interval,
    /// Share of masks with the right token among the ten most probable.
    pub top_10: f64,
}

/// Computes the figures of texts, each with its masks. Intervals draw texts, not masks, because the masks of a text depend on each
/// other.
pub fn masked_tokens(rows: &[Vec<Filled>]) -> MaskedTokens {
    let [loss, top_1, top_5, top_10] = figures(rows);
    let [loss_interval, top_1_interval, top_5_interval, _] = intervals(rows, |rows| figures(rows));
    MaskedTokens {
        masks: rows.iter().map(Vec::len).sum(),
        loss,
        loss_interval,
        perplexity: loss.exp(),
        top_1,
        top_1_interval,
        top_5,
        top_5_interval,
        top_10,
    }
}

fn figures(rows: &[impl Borrow<Vec<Filled>>]) -> [f64; 4] {
    let masks = || rows.iter().flat_map(|row| row.borrow().iter());
    let count = masks().count();
    let among = |k: usize| super::counts::share(masks().filter(|mask| mask.rank < k).count(), count);
    let loss = -masks().map(|mask| mask.log_probability).sum::<f64>() / count.max(1) as f64;
    [loss, among(1), among(5), among(10)]
}
