//! Embeddings: word + token type + position, layer norm, mapping to the hidden width unless they have it already.

use super::tiles::TileWork;
use crate::context::Context;
use crate::format::layout::role;
use crate::kernels::Store;
use crate::linear::linear;
use crate::memory::arena::Worker;
use crate::memory::plan::Token;
use crate::memory::{Columns, Rows};
use crate::slices::{part, part_mut};

/// Hidden states of a tile; `tokens` are those of all rows.
pub(crate) fn embed(context: &Context<'_>, tokens: &[Token], work: TileWork<'_>) {
    let model = &context.model;
    let (width, hidden_size) = (model.config().embedding_size as usize, model.config().hidden_size as usize);
    let mapped = model.config().embedding_mapping;
    let TileWork { rows, hidden, worker: Worker { intermediate, mut scratch, .. } } = work;
    let embeddings: &mut [f32] = if mapped { &mut *intermediate } else { &mut *hidden };
    let words = model.matrix(role::WORD_EMBEDDINGS);
    let types = model.matrix(role::TOKEN_TYPE_EMBEDDINGS);
    let positions = model.matrix(role::POSITION_EMBEDDINGS);
    let norm = model.norm(role::EMBEDDING_NORM_WEIGHT, 0);
    for (row, token) in embeddings.chunks_exact_mut(width.max(1)).zip(part(tokens, rows.clone())) {
        row.fill(0.0);
        words.add_row(token.id as usize, row);
        types.add_row(token.token_type as usize, row);
        positions.add_row(token.position as usize, row);
    }
    let all = part_mut(embeddings, ..rows.len() * width);
    context.kernels.layer_norm(all, width, norm.weight, norm.bias, model.config().layer_norm_eps);
    if !mapped {
        return;
    }
    let mut x = Rows { data: intermediate, stride: width, count: rows.len() };
    let out = Columns { data: hidden, stride: hidden_size, rows: rows.len() };
    context.observer.show(role::EMBEDDING_MAPPING, 0, &mut x, width);
    let mapping = model.linear(role::EMBEDDING_MAPPING, 0);
    linear(context.kernels, &mapping, &mut x, Store::Write, out, &mut scratch);
}
