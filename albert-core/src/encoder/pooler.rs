//! Pooler: `activation(W x + b)` of each sequence's first token; the activation is tanh in ALBERT and BERT.

use crate::context::Context;
use crate::format::layout::role;
use crate::kernels::Store;
use crate::linear::linear;
use crate::memory::arena::{Shared, Worker};
use crate::memory::{Columns, Rows};
use crate::slices::{copy, part, part_mut};
use core::ops::Range;

/// Pooled outputs of some sequences; `row_of` says which row of the hidden state is a sequence's position 0. That of a sequence
/// without one means nothing.
pub(crate) fn pool(
    context: &Context<'_>,
    shared: &mut Shared<'_>,
    worker: &mut Worker<'_>,
    sequences: Range<usize>,
    row_of: impl Fn(usize) -> Option<usize>,
) {
    let width = context.model.config().hidden_size as usize;
    let x = part_mut(worker.intermediate, ..sequences.len() * width);
    for (place, sequence) in x.chunks_exact_mut(width.max(1)).zip(sequences.clone()) {
        match row_of(sequence) {
            Some(row) => copy(place, part(shared.hidden, row * width..(row + 1) * width)),
            None => place.fill(0.0),
        }
    }
    let mut x = Rows { data: x, stride: width, count: sequences.len() };
    let out = part_mut(shared.pooled, sequences.start * width..sequences.end * width);
    let out = Columns { data: out, stride: width, rows: sequences.len() };
    context.observer.show(role::POOLER, 0, &mut x, width);
    let pooler = context.model.linear(role::POOLER, 0);
    let store = Store::Activate(context.model.pooler_act());
    linear(context.kernels, &pooler, &mut x, store, out, &mut worker.scratch);
}
