//! One worker on a tile of rows.

use super::layer::{Shown, Tile};
use super::tiles::TileWork;
use crate::attention::{CacheWriter, Caches, Projected, attend, store};
use crate::context::Context;
use crate::format::{Linear, Matrix, Norm};
use crate::kernels::Store;
use crate::linear::{Input, multiply, quantize};
use crate::memory::arena::{Scratch, Worker};
use crate::memory::{Columns, Rows};
use crate::slices::part_mut;

/// A worker and its tile. Rows of the projection lie one after another in its memory for intermediate rows.
pub(crate) struct OneWorker<'t>(pub(crate) TileWork<'t>);

impl OneWorker<'_> {
    /// The rows.
    fn count(&self) -> usize {
        self.0.rows.len()
    }
}

impl Tile for OneWorker<'_> {
    fn quantize_hidden(&mut self, context: &Context<'_>, matrix: &Matrix<'_>, shown: Option<Shown>) {
        let count = self.count();
        let TileWork { hidden, worker, .. } = &mut self.0;
        show_and_quantize(context, matrix, shown, hidden, count, &mut worker.scratch);
    }

    fn keys_values(
        &mut self,
        context: &Context<'_>,
        key: &Linear<'_>,
        value: &Linear<'_>,
        query: Option<&Linear<'_>>,
        cache: &CacheWriter<'_>,
    ) {
        let (kernels, rows, heads) = (context.kernels, self.0.rows.clone(), 0..cache.heads().count);
        self.project(context, key, 0, Store::Write);
        let Worker { intermediate, attention, .. } = &mut self.0.worker;
        store(kernels, Projected::Keys, intermediate, rows.clone(), cache, heads.clone(), attention.head);
        self.project(context, value, 0, Store::Write);
        let Worker { intermediate, attention, .. } = &mut self.0.worker;
        store(kernels, Projected::Values, intermediate, rows, cache, heads, attention.head);
        if let Some(query) = query {
            self.project(context, query, 0, Store::Write);
        }
    }

    fn project(&mut self, context: &Context<'_>, linear: &Linear<'_>, _unit: usize, store: Store) {
        let rows = self.count();
        let TileWork { hidden, worker: Worker { intermediate, scratch, .. }, .. } = &mut self.0;
        let input = Input { rows: hidden, stride: linear.matrix.columns, quantized: &scratch.quantized };
        let out = Columns { data: intermediate, stride: linear.matrix.rows, rows };
        multiply(context.kernels, linear, 0..linear.matrix.rows, &input, store, out, &mut scratch.products);
    }

    fn attend(&mut self, context: &Context<'_>, cache: &Caches<'_>) {
        let TileWork { rows, worker: Worker { intermediate, scratch, attention }, .. } = &mut self.0;
        let heads = 0..cache.heads().count;
        attend(context.kernels, cache, rows.clone(), heads, intermediate, attention, scratch);
    }

    fn quantize_projection(&mut self, context: &Context<'_>, matrix: &Matrix<'_>, shown: Shown) {
        let count = self.count();
        let Worker { intermediate, scratch, .. } = &mut self.0.worker;
        show_and_quantize(context, matrix, Some(shown), intermediate, count, scratch);
    }

    fn add_and_normalize(
        &mut self,
        context: &Context<'_>,
        linear: &Linear<'_>,
        norm: &Norm<'_>,
        next: Option<(&Matrix<'_>, Shown)>,
    ) {
        let (rows, width) = (self.count(), linear.matrix.rows);
        let TileWork { hidden, worker: Worker { intermediate, scratch, .. }, .. } = &mut self.0;
        let input = Input { rows: intermediate, stride: linear.matrix.columns, quantized: &scratch.quantized };
        let out = Columns { data: hidden, stride: width, rows };
        multiply(context.kernels, linear, 0..width, &input, Store::Add, out, &mut scratch.products);
        let eps = context.model.config().layer_norm_eps;
        context.kernels.layer_norm(part_mut(hidden, ..rows * width), width, norm.weight, norm.bias, eps);
        if let Some((matrix, shown)) = next {
            show_and_quantize(context, matrix, Some(shown), hidden, rows, scratch);
        }
    }
}

/// Quantizes rows as the input of a linear, once the observer has seen them.
fn show_and_quantize(
    context: &Context<'_>,
    matrix: &Matrix<'_>,
    shown: Option<Shown>,
    data: &mut [f32],
    count: usize,
    scratch: &mut Scratch<'_>,
) {
    let mut rows = Rows { data, stride: matrix.columns, count };
    if let Some(Shown { role, block }) = shown {
        context.observer.show(role, block, &mut rows, matrix.columns);
    }
    quantize(context.kernels, matrix, &mut rows, &mut scratch.quantized, &mut scratch.quantization);
}
