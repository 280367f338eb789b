//! Embeddings: word + token type + position, layer norm, mapping to the hidden width.

use super::{Context, Rows, linear};
use crate::arena::Worker;
use crate::codebook;
use crate::executor::TileWork;
use crate::format::layout::{BLOCK_CHANNELS, BLOCK_SLOTS, role};
use crate::format::{Matrix, Weights};
use crate::kernels::{Store, half_to_f32};
use crate::plan::Token;

/// Hidden states of a tile; `tokens` are those of all rows.
pub(crate) fn embed(context: &Context<'_>, tokens: &[Token], work: TileWork<'_>) {
    let model = &context.model;
    let (width, hidden_size) = (model.config().embedding_size as usize, model.config().hidden_size as usize);
    let TileWork { rows, hidden, worker: Worker { wide, mut scratch, .. } } = work;
    let words = model.matrix(role::WORD_EMBEDDINGS);
    let types = model.matrix(role::TOKEN_TYPE_EMBEDDINGS);
    let positions = model.matrix(role::POSITION_EMBEDDINGS);
    let norm = model.norm(role::EMBEDDING_NORM_WEIGHT, 0);
    for (row, token) in wide.chunks_exact_mut(width.max(1)).zip(tokens.get(rows.clone()).unwrap_or(&[])) {
        row.fill(0.0);
        add_row(&words, token.id as usize, row);
        add_row(&types, token.token_type as usize, row);
        add_row(&positions, token.position as usize, row);
        context.kernels.layer_norm(row, norm.weight, norm.bias, model.config().layer_norm_eps);
    }
    let mut x = Rows { data: wide, stride: width, count: rows.len() };
    let mut out = Rows { data: hidden, stride: hidden_size, count: rows.len() };
    context.observer.show(role::EMBEDDING_MAPPING, 0, &mut x, width);
    let mapping = model.linear(role::EMBEDDING_MAPPING, 0);
    linear(context.kernels, &mapping, &mut x, Store::Write, &mut out, &mut scratch);
}

/// Adds row `index` of an embedding table to `out`, whose length is the table's width.
fn add_row(table: &Matrix<'_>, index: usize, out: &mut [f32]) {
    let (block, channel) = (index / BLOCK_CHANNELS, index % BLOCK_CHANNELS);
    let panel = |slots: usize| block * BLOCK_CHANNELS * slots;
    match table.weights {
        Weights::F32(weights) => {
            let panel = weights.get(panel(table.columns)..).unwrap_or(&[]).chunks_exact(BLOCK_CHANNELS);
            for (value, slot) in out.iter_mut().zip(panel) {
                *value += slot.get(channel).copied().unwrap_or(0.0);
            }
        }
        Weights::F16(weights) => {
            let panel = weights.get(panel(table.columns)..).unwrap_or(&[]).chunks_exact(BLOCK_CHANNELS);
            for (value, slot) in out.iter_mut().zip(panel) {
                *value += half_to_f32(slot.get(channel).copied().unwrap_or(0));
            }
        }
        Weights::I8 { values, scales, .. } => {
            let scale = scales.get(index).copied().unwrap_or(0.0);
            let panel = values.get(panel(table.columns.next_multiple_of(BLOCK_SLOTS))..).unwrap_or(&[]);
            let steps = panel.chunks_exact(BLOCK_CHANNELS * BLOCK_SLOTS);
            for (values, step) in out.chunks_mut(BLOCK_SLOTS).zip(steps) {
                let slots = step.get(channel * BLOCK_SLOTS..).unwrap_or(&[]);
                for (value, &slot) in values.iter_mut().zip(slots) {
                    *value += f32::from(slot) * scale;
                }
            }
        }
        Weights::Codebook { dtype, panels, scales, .. } => {
            let scale = scales.get(index).copied().unwrap_or(0.0);
            let panel = codebook::panel(dtype, panels, table.columns, block, 0);
            for (slot, value) in out.iter_mut().enumerate() {
                *value += f32::from(panel.weight(channel, slot)) * scale;
            }
        }
    }
}
