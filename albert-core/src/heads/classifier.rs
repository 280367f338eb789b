//! Linear classifiers: over the pooled output (sequence classification, multiple choice, sentence order) and over every
//! token (token classification, question answering).

use crate::arena::{Shared, Worker};
use crate::config::Head;
use crate::encoder::{Context, Rows, linear};
use crate::format::layout::role;
use crate::kernels::Store;
use core::ops::Range;

/// Logits `[C]` from the pooled output after so many layers.
pub(crate) fn classify_pooled(context: &Context<'_>, shared: &mut Shared<'_>, worker: &mut Worker<'_>, layers: usize) {
    let config = context.model.config();
    let (role, block) = match config.head {
        Head::PreTraining => (role::SENTENCE_ORDER, 0),
        _ => context.model.exit_classifier(layers),
    };
    let mut x = Rows { data: shared.pooled, stride: config.hidden_size as usize, count: 1 };
    let mut out = Rows { data: shared.logits, stride: config.num_labels as usize, count: 1 };
    context.observer.show(role, block, &mut x, config.hidden_size as usize);
    linear(context.kernels, &context.model.linear(role, block), &mut x, Store::Write, &mut out, &mut worker.scratch);
}

/// Logits `[C]` for each row in `tile`.
pub(crate) fn classify_tokens(
    context: &Context<'_>,
    shared: &mut Shared<'_>,
    worker: &mut Worker<'_>,
    tile: Range<usize>,
) {
    let config = context.model.config();
    let (hidden, labels) = (config.hidden_size as usize, config.num_labels as usize);
    let rows = shared.hidden.get_mut(tile.start * hidden..tile.end * hidden).unwrap_or(&mut []);
    let mut x = Rows { data: rows, stride: hidden, count: tile.len() };
    let logits = shared.logits.get_mut(tile.start * labels..).unwrap_or(&mut []);
    let mut out = Rows { data: logits, stride: labels, count: tile.len() };
    context.observer.show(role::CLASSIFIER, 0, &mut x, hidden);
    let classifier = context.model.linear(role::CLASSIFIER, 0);
    linear(context.kernels, &classifier, &mut x, Store::Write, &mut out, &mut worker.scratch);
}
