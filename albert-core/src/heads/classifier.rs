//! Linear classifiers: over the pooled output (sequence classification, multiple choice, sentence order) and over every
//! token (token classification, question answering).

use crate::arena::{Shared, Worker};
use crate::config::Head;
use crate::encoder::{Context, Rows, linear};
use crate::format::layout::role;
use crate::format::{HeadFile, Model};
use crate::kernels::Store;
use core::ops::Range;

/// Logits `[C]` from the pooled vector after so many layers, by the head file if there is one.
pub(crate) fn classify_pooled(
    context: &Context<'_>,
    head: Option<&HeadFile<'_>>,
    shared: &mut Shared<'_>,
    worker: &mut Worker<'_>,
    layers: usize,
) {
    let width = context.model.config().hidden_size as usize;
    let (role, block) = own_classifier(&context.model, layers);
    let classifier = match head {
        Some(head) => head.linear(),
        None => context.model.linear(role, block),
    };
    let mut x = Rows { data: shared.pooled, stride: width, count: 1 };
    let mut out = Rows { data: shared.logits, stride: classifier.matrix.rows, count: 1 };
    if head.is_none() {
        context.observer.show(role, block, &mut x, width);
    }
    linear(context.kernels, &classifier, &mut x, Store::Write, &mut out, &mut worker.scratch);
}

/// Role and block of the model's own classifier over the pooled vector after so many layers.
fn own_classifier(model: &Model<'_>, layers: usize) -> (u16, usize) {
    match model.config().head {
        Head::PreTraining => (role::SENTENCE_ORDER, 0),
        _ => model.exit_classifier(layers),
    }
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
