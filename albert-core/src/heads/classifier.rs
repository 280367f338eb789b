//! Linear classifiers: over the pooled output (sequence classification, multiple choice, sentence order) and over every
//! token (token classification, question answering).

use crate::config::Head;
use crate::context::Context;
use crate::format::layout::role;
use crate::format::{HeadFile, Linear, Model};
use crate::kernels::Store;
use crate::linear::linear;
use crate::memory::arena::{Shared, Worker};
use crate::memory::{Columns, Rows};
use crate::slices::part_mut;
use core::ops::Range;

/// Logits `[C]` of some sequences from their pooled vectors after `layers` layers, by the head file if there is one.
pub(crate) fn classify_pooled(
    context: &Context<'_>,
    head: Option<&HeadFile<'_>>,
    shared: &mut Shared<'_>,
    worker: &mut Worker<'_>,
    sequences: Range<usize>,
    layers: usize,
) {
    let (role, block) = own_classifier(&context.model, layers);
    let (classifier, shown) = match head {
        Some(head) => (head.linear(), None),
        None => (context.model.linear(role, block), Some((role, block))),
    };
    classify(context, &classifier, shown, shared.pooled, shared.logits, sequences, worker);
}

/// Role and block of the model's own classifier over the pooled vector after `layers` layers.
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
    let classifier = context.model.linear(role::CLASSIFIER, 0);
    let shown = Some((role::CLASSIFIER, 0));
    classify(context, &classifier, shown, shared.hidden, shared.logits, tile, worker);
}

/// Logits for some of the rows of `x`, which an observer may be shown as the input of a role and block.
fn classify(
    context: &Context<'_>,
    classifier: &Linear<'_>,
    shown: Option<(u16, usize)>,
    x: &mut [f32],
    logits: &mut [f32],
    rows: Range<usize>,
    worker: &mut Worker<'_>,
) {
    let (width, labels, count) = (context.model.config().hidden_size as usize, classifier.matrix.rows, rows.len());
    let mut x = Rows { data: part_mut(x, rows.start * width..rows.end * width), stride: width, count };
    let out = Columns { data: part_mut(logits, rows.start * labels..rows.end * labels), stride: labels, rows: count };
    if let Some((role, block)) = shown {
        context.observer.show(role, block, &mut x, width);
    }
    linear(context.kernels, classifier, &mut x, Store::Write, out, &mut worker.scratch);
}
