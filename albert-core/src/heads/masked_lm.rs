//! Masked LM: vocabulary logits of one position, a chunk at a time, so that no buffer of vocabulary size exists.

use crate::context::Context;
use crate::format::Linear;
use crate::format::layout::{GROUP_CHANNELS, role};
use crate::kernels::Store;
use crate::linear::{Input, linear, multiply, quantize};
use crate::memory::arena::{Shared, Worker};
use crate::memory::{Columns, Rows};
use crate::slices::part_mut;

/// The vocabulary logits of one row of the hidden state.
///
/// Each chunk is one bounded piece of work and overwrites the previous one in the arena.
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
    /// Id of the first entry.
    pub first: u32,
    /// One logit for each entry.
    pub logits: &'a [f32],
}

impl<'s> VocabularyLogits<'s> {
    /// `layer_norm(activation(dense(hidden[row])))`, ready for the decoder.
    pub(crate) fn new(context: Context<'s>, shared: &mut Shared<'_>, mut worker: Worker<'s>, row: usize) -> Self {
        let (model, kernels) = (context.model, context.kernels);
        let config = model.config();
        let (hidden, width) = (config.hidden_size as usize, config.embedding_size as usize);
        let data = part_mut(shared.hidden, row * hidden..(row + 1) * hidden);
        let mut x = Rows { data, stride: hidden, count: 1 };
        context.observer.show(role::MLM_DENSE, 0, &mut x, hidden);
        let dense = model.linear(role::MLM_DENSE, 0);
        let Worker { intermediate, scratch, .. } = &mut worker;
        let out = Columns { data: intermediate, stride: width, rows: 1 };
        linear(kernels, &dense, &mut x, Store::Activate(config.hidden_act), out, scratch);
        let norm = model.norm(role::MLM_NORM_WEIGHT, 0);
        kernels.layer_norm(part_mut(intermediate, ..width), width, norm.weight, norm.bias, config.layer_norm_eps);
        let mut transformed = Rows { data: intermediate, stride: width, count: 1 };
        context.observer.show(role::MLM_DECODER, 0, &mut transformed, width);
        let decoder = model.decoder();
        quantize(kernels, &decoder.matrix, &mut transformed, &mut scratch.quantized, &mut scratch.quantization);
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
        let Worker { intermediate, scratch, attention } = &mut self.worker;
        let logits: &mut [f32] = bytemuck::must_cast_slice_mut(attention.scores);
        let out = Columns { data: &mut *logits, stride: GROUP_CHANNELS, rows: 1 };
        let input = Input { rows: intermediate, stride: width, quantized: &scratch.quantized };
        let channels = first..vocabulary.min(first + GROUP_CHANNELS);
        let products = &mut scratch.products;
        multiply(self.context.kernels, &self.decoder, channels, &input, Store::Write, out, products);
        self.group += 1;
        Some(VocabularyChunk { first: first as u32, logits: logits.get(..GROUP_CHANNELS.min(vocabulary - first))? })
    }
}
