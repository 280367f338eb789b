//! Masked LM: vocabulary logits of one position, a chunk at a time, so that no buffer of vocabulary size exists.

use crate::arena::{Shared, Worker};
use crate::encoder::{Columns, Context, Rows, linear, multiply_group, prepare};
use crate::format::Linear;
use crate::format::layout::GROUP_CHANNELS;
use crate::format::layout::role;
use crate::kernels::Store;

/// The vocabulary logits of one row of the hidden state.
///
/// Each chunk is one bounded piece of work; the next one takes its place in the arena.
pub struct VocabularyLogits<'s> {
    context: Context<'s>,
    worker: Worker<'s>,
    decoder: Linear<'s>,
    group: usize,
}

impl core::fmt::Debug for VocabularyLogits<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("VocabularyLogits").field("group", &self.group).finish_non_exhaustive()
    }
}

/// Logits of consecutive vocabulary entries.
#[derive(Clone, Copy, Debug)]
pub struct VocabularyChunk<'a> {
    /// Id of the first.
    pub first: u32,
    /// One logit an entry.
    pub logits: &'a [f32],
}

impl<'s> VocabularyLogits<'s> {
    /// `layer_norm(activation(dense(hidden[row])))`, ready for the decoder.
    pub(crate) fn new(context: Context<'s>, shared: &mut Shared<'_>, mut worker: Worker<'s>, row: usize) -> Self {
        let (model, kernels) = (context.model, context.kernels);
        let config = model.config();
        let (hidden, width) = (config.hidden_size as usize, config.embedding_size as usize);
        let data = shared.hidden.get_mut(row * hidden..(row + 1) * hidden).unwrap_or(&mut []);
        let mut x = Rows { data, stride: hidden, count: 1 };
        let mut out = Rows { data: &mut *worker.wide, stride: width, count: 1 };
        context.observer.show(role::MLM_DENSE, 0, &mut x, hidden);
        let store = Store::Activate(config.hidden_act);
        linear(kernels, &model.linear(role::MLM_DENSE, 0), &mut x, store, &mut out, &mut worker.scratch);
        let norm = model.norm(role::MLM_NORM_WEIGHT, 0);
        for row in out.iter_mut(width) {
            kernels.layer_norm(row, width, norm.weight, norm.bias, config.layer_norm_eps);
        }
        context.observer.show(role::MLM_DECODER, 0, &mut out, width);
        let decoder = model.decoder();
        let scratch = &mut worker.scratch;
        prepare(kernels, &decoder.matrix, &mut out, &mut scratch.rounded, &mut scratch.rounding);
        Self { context, worker, decoder, group: 0 }
    }

    /// The next chunk, in order of ids; `None` after the last.
    pub fn next_chunk(&mut self) -> Option<VocabularyChunk<'_>> {
        let vocabulary = self.decoder.matrix.rows;
        let first = self.group * GROUP_CHANNELS;
        if first >= vocabulary {
            return None;
        }
        let width = self.decoder.matrix.columns;
        let x = Rows { data: &mut *self.worker.wide, stride: width, count: 1 };
        let logits: &mut [f32] = bytemuck::must_cast_slice_mut(self.worker.attention.scores);
        let out = Columns { data: &mut *logits, stride: GROUP_CHANNELS, rows: 1 };
        let scratch = &mut self.worker.scratch;
        multiply_group(self.context.kernels, &self.decoder, self.group, &x, Store::Write, out, scratch);
        self.group += 1;
        Some(VocabularyChunk { first: first as u32, logits: logits.get(..GROUP_CHANNELS.min(vocabulary - first))? })
    }
}
