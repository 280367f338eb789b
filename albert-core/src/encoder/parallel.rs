//! Several workers on one tile of rows.
//!
//! An input of few rows does not give each worker a tile that is worth its while: every one of them would read all weights for
//! a handful of rows. Here they share the tile. Linears are divided by output channels and attention by heads, so that each weight
//! is read by one thread; what is done row by row is divided by rows. A worker's output channels are a *strip* of its own memory;
//! whoever needs whole rows gathers them. Every value is computed as on one worker, to the bit.

use super::layer::{Shown, Tile};
use super::partition::Partition;
use crate::attention::{CacheWriter, Caches, Projected, attend, store};
use crate::config::Config;
use crate::context::Context;
use crate::executor::{Executor, for_each};
use crate::format::layout::{GROUP_CHANNELS, PANEL_CHANNELS, role};
use crate::format::{Linear, Matrix, Model, Norm};
use crate::kernels::Store;
use crate::linear::{Input, multiply, quantize};
use crate::memory::arena::{AttentionScratch, Products, Quantization, Quantized, Scratch, Worker, Workers};
use crate::memory::plan::{MAX_WORKERS, Plan, activation_row_bytes};
use crate::memory::{Columns, Rows};
use crate::slices::{copy, part, part_mut, ruled_out};
use core::num::NonZero;
use core::ops::Range;

/// Rows a worker from which on a tile for each is as fast.
const ROWS_OF_ITS_OWN: usize = 64;

/// Something for each worker.
type PerWorker<T> = [Option<T>; MAX_WORKERS];

/// One worker's memory.
struct Lane<'a> {
    /// Its output channels of the projection: row r is `strip[r * channels..]`.
    strip: &'a mut [f32],
    /// Room for a row of the widest linear.
    row: &'a mut [f32],
    scratch: Scratch<'a>,
    attention: AttentionScratch<'a>,
}

/// Two or more workers and the tile that they share.
pub(crate) struct Parallel<'a> {
    executor: &'a dyn Executor,
    rows: Range<usize>,
    hidden: &'a mut [f32],
    /// The first one's quantized rows are the input of all products.
    lanes: PerWorker<Lane<'a>>,
    count: usize,
    /// How the projection is divided.
    partition: Partition,
}

/// Whether the workers of a plan do better to share tiles when a step has so many rows.
///
/// Linears must be integer ones and heads whole panels of channels, as they are in the layers of all published models.
pub(crate) fn shares_tiles(model: &Model<'_>, plan: &Plan, block: usize, rows: usize) -> bool {
    let config = model.config();
    let own = plan.tile_rows().min(ROWS_OF_ITS_OWN);
    plan.workers() > 1
        && rows < plan.workers() * own
        && (config.head_size() as usize).is_multiple_of(PANEL_CHANNELS)
        && strips_fit(config, plan, rows.min(plan.tile_rows()))
        && LINEARS.into_iter().all(|role| model.linear(role, block).matrix.is_integer())
}

const LINEARS: [u16; 6] = [role::QUERY, role::KEY, role::VALUE, role::ATTENTION_OUTPUT, role::FFN, role::FFN_OUTPUT];

/// Whether a worker's memory for intermediate rows holds its strips of so many rows and a row.
fn strips_fit(config: &Config, plan: &Plan, rows: usize) -> bool {
    let (hidden, widest) = (config.hidden_size as usize, widest(config));
    let parts = plan.workers();
    let divided = [(hidden, config.head_size() as usize), (hidden, GROUP_CHANNELS), (widest, GROUP_CHANNELS)];
    let largest = divided.map(|(channels, unit)| Partition { channels, unit, parts }.largest());
    largest.iter().all(|largest| rows * largest + widest <= plan.tile_rows() * widest)
}

/// Width of the layers' widest rows.
fn widest(config: &Config) -> usize {
    config.hidden_size.max(config.intermediate_size) as usize
}

/// Works on a tile that all workers of an arena share: the rows `hidden`. A function of its own, so that what it knows of every worker
/// is not on the stack of those who work alone.
#[inline(never)]
pub(crate) fn share_tile<'a>(
    executor: &'a dyn Executor,
    workers: Workers<'a>,
    config: &Config,
    rows: Range<usize>,
    hidden: &'a mut [f32],
    work: impl FnOnce(&mut Parallel<'a>),
) {
    work(&mut Parallel::new(executor, workers, config, rows, hidden));
}

impl<'a> Parallel<'a> {
    fn new(
        executor: &'a dyn Executor,
        workers: Workers<'a>,
        config: &Config,
        rows: Range<usize>,
        hidden: &'a mut [f32],
    ) -> Self {
        let mut lanes = [const { None }; MAX_WORKERS];
        let places = lanes.iter_mut().zip(workers);
        let count = places
            .map(|(lane, Worker { intermediate, scratch, attention })| {
                let (strip, row) = intermediate.split_at_mut(intermediate.len().saturating_sub(widest(config)));
                *lane = Some(Lane { strip, row, scratch, attention });
            })
            .count();
        Self { executor, rows, hidden, lanes, count, partition: Partition { channels: 0, unit: 1, parts: count } }
    }

    /// Divides the output channels of a linear.
    fn divide(&mut self, linear: &Linear<'_>, unit: usize) -> Partition {
        self.partition = Partition { channels: linear.matrix.rows, unit, parts: self.count };
        self.partition
    }

    /// Rows of a worker's share.
    fn share(&self) -> usize {
        self.rows.len().div_ceil(self.count.max(1)).max(1)
    }
}

/// What a worker multiplies and attends with.
struct Projecting<'l, 'a> {
    strip: &'l mut [f32],
    products: &'l mut Products<'a>,
    attention: &'l mut AttentionScratch<'a>,
}

impl Projecting<'_, '_> {
    /// Some output channels of a linear, as the strip.
    fn multiply(
        &mut self,
        context: &Context<'_>,
        linear: &Linear<'_>,
        channels: Range<usize>,
        store: Store,
        quantized: &Quantized<'_>,
        rows: usize,
    ) {
        if !channels.is_empty() {
            let input = Input { rows: &[], stride: linear.matrix.columns, quantized };
            let out = Columns { data: self.strip, stride: channels.len(), rows };
            multiply(context.kernels, linear, channels, &input, store, out, self.products);
        }
    }
}

/// The input of all products, and what each worker multiplies with.
fn input_and_projecting<'l, 'a>(
    lanes: &'l mut PerWorker<Lane<'a>>,
) -> Option<(&'l Quantized<'a>, impl Iterator<Item = Projecting<'l, 'a>>)> {
    let mut lanes = lanes.iter_mut().flatten();
    let Lane { strip, scratch: Scratch { quantized, products, .. }, attention, .. } = lanes.next()?;
    let first = Projecting { strip, products, attention };
    let others = lanes.map(|Lane { strip, scratch, attention, .. }| Projecting {
        strip,
        products: &mut scratch.products,
        attention,
    });
    Some((quantized, core::iter::once(first).chain(others)))
}

/// A worker's share of the rows to be quantized, and the memory for it.
struct Quantizing<'l, 'a> {
    quantized: Quantized<'l>,
    quantization: &'l mut Quantization<'a>,
    row: &'l mut [f32],
}

impl Quantizing<'_, '_> {
    /// Quantizes rows of the share from its row `first` on.
    fn quantize(&mut self, context: &Context<'_>, matrix: &Matrix<'_>, first: usize, x: &mut Rows<'_>) {
        let bytes = first * activation_row_bytes(matrix.places());
        let mut quantized = Quantized {
            bytes: part_mut(self.quantized.bytes, bytes..),
            row_scales: part_mut(self.quantized.row_scales, first..),
        };
        quantize(context.kernels, matrix, x, &mut quantized, self.quantization);
    }

    /// Quantizes all rows of the share, once the observer has seen them.
    fn show_and_quantize(
        &mut self,
        context: &Context<'_>,
        matrix: &Matrix<'_>,
        shown: Option<Shown>,
        rows: &mut [f32],
    ) {
        let width = matrix.columns.max(1);
        let mut x = Rows { count: rows.len() / width, data: rows, stride: width };
        if let Some(Shown { role, block }) = shown {
            context.observer.show(role, block, &mut x, width);
        }
        self.quantize(context, matrix, 0, &mut x);
    }
}

/// The parts of the input of all products, the first worker's quantized rows, that each worker is to make of `share` rows, and
/// every worker's strip.
fn quantizing<'l, 'a>(
    lanes: &'l mut PerWorker<Lane<'a>>,
    matrix: &Matrix<'_>,
    share: usize,
) -> (PerWorker<Quantizing<'l, 'a>>, PerWorker<&'l [f32]>) {
    let (mut jobs, mut strips) = ([const { None }; MAX_WORKERS], [None; MAX_WORKERS]);
    let row_bytes = activation_row_bytes(matrix.places()).max(1);
    let mut input = None;
    for (lane, (job, place)) in lanes.iter_mut().flatten().zip(jobs.iter_mut().zip(&mut strips)) {
        let Lane { strip, row, scratch: Scratch { quantized, quantization, .. }, .. } = lane;
        *place = Some(&**strip);
        let parts = input.get_or_insert_with(|| {
            quantized.bytes.chunks_mut((share * row_bytes).max(1)).zip(quantized.row_scales.chunks_mut(share.max(1)))
        });
        *job = parts.next().map(|(bytes, row_scales)| Quantizing {
            quantized: Quantized { bytes, row_scales },
            quantization,
            row,
        });
    }
    (jobs, strips)
}

impl Tile for Parallel<'_> {
    fn quantize_hidden(&mut self, context: &Context<'_>, matrix: &Matrix<'_>, shown: Option<Shown>) {
        let (share, width) = (self.share(), matrix.columns.max(1));
        let (jobs, _) = quantizing(&mut self.lanes, matrix, share);
        let jobs = jobs.into_iter().flatten().zip(self.hidden.chunks_mut((share * width).max(1)));
        for_each(self.executor, jobs, &|(mut own, rows): (Quantizing<'_, '_>, &mut [f32])| {
            own.show_and_quantize(context, matrix, shown, rows);
        });
    }

    fn keys_values(
        &mut self,
        context: &Context<'_>,
        key: &Linear<'_>,
        value: &Linear<'_>,
        query: Option<&Linear<'_>>,
        cache: &CacheWriter<'_>,
    ) {
        let (size, rows) = (nonzero(cache.heads().size), self.rows.clone());
        let partition = self.divide(key, size.get());
        let Some((input, lanes)) = input_and_projecting(&mut self.lanes) else { return ruled_out() };
        for_each(self.executor, lanes.zip(partition.all()), &|(mut lane, own): (Projecting<'_, '_>, Range<usize>)| {
            let (kernels, count, heads) = (context.kernels, rows.len(), own.start / size..own.end / size);
            lane.multiply(context, key, own.clone(), Store::Write, input, count);
            store(kernels, Projected::Keys, lane.strip, rows.clone(), cache, heads.clone(), lane.attention.head);
            lane.multiply(context, value, own.clone(), Store::Write, input, count);
            store(kernels, Projected::Values, lane.strip, rows.clone(), cache, heads, lane.attention.head);
            if let Some(query) = query {
                lane.multiply(context, query, own, Store::Write, input, count);
            }
        });
    }

    fn project(&mut self, context: &Context<'_>, linear: &Linear<'_>, unit: usize, store: Store) {
        let (partition, rows) = (self.divide(linear, unit), self.rows.len());
        let Some((input, lanes)) = input_and_projecting(&mut self.lanes) else { return ruled_out() };
        for_each(self.executor, lanes.zip(partition.all()), &|(mut lane, own): (Projecting<'_, '_>, _)| {
            lane.multiply(context, linear, own, store, input, rows);
        });
    }

    fn attend(&mut self, context: &Context<'_>, cache: &Caches<'_>) {
        let heads = cache.heads();
        let (size, rows) = (nonzero(heads.size), self.rows.clone());
        // Queries may have been left by another step.
        self.partition = Partition { channels: heads.count * size.get(), unit: size.get(), parts: self.count };
        let jobs = self.lanes.iter_mut().flatten().zip(self.partition.all());
        for_each(self.executor, jobs, &|(lane, own): (&mut Lane<'_>, Range<usize>)| {
            let queries = part_mut(lane.strip, ..rows.len() * own.len());
            let heads = own.start / size..own.end / size;
            attend(context.kernels, cache, rows.clone(), heads, queries, &mut lane.attention, &mut lane.scratch);
        });
    }

    fn quantize_projection(&mut self, context: &Context<'_>, matrix: &Matrix<'_>, Shown { role, block }: Shown) {
        let (share, partition, rows) = (self.share(), self.partition, self.rows.len());
        let (jobs, strips) = quantizing(&mut self.lanes, matrix, share);
        let jobs = jobs.into_iter().flatten().zip((0..rows).step_by(share));
        for_each(self.executor, jobs, &|(mut own, first): (Quantizing<'_, '_>, usize)| {
            for index in 0..share.min(rows - first) {
                let row = core::mem::take(&mut own.row);
                for (channels, values) in columns(&strips, partition, first + index) {
                    copy(part_mut(row, channels), values);
                }
                let mut x = Rows { data: row, stride: matrix.columns, count: 1 };
                context.observer.show(role, block, &mut x, matrix.columns);
                own.quantize(context, matrix, index, &mut x);
                own.row = row;
            }
        });
    }

    fn add_and_normalize(
        &mut self,
        context: &Context<'_>,
        linear: &Linear<'_>,
        norm: &Norm<'_>,
        next: Option<(&Matrix<'_>, Shown)>,
    ) {
        self.project(context, linear, GROUP_CHANNELS, Store::Write);
        let (share, partition, width) = (self.share(), self.partition, linear.matrix.rows.max(1));
        let eps = context.model.config().layer_norm_eps;
        let (jobs, strips) = quantizing(&mut self.lanes, next.map_or(&linear.matrix, |(matrix, _)| matrix), share);
        let rows = self.hidden.chunks_mut((share * width).max(1)).zip((0..).step_by(share));
        let jobs = jobs.into_iter().flatten().zip(rows);
        type Job<'j, 'l, 'a> = (Quantizing<'l, 'a>, (&'j mut [f32], usize));
        for_each(self.executor, jobs, &|(mut own, (rows, first)): Job<'_, '_, '_>| {
            for (row, index) in rows.chunks_exact_mut(width.max(1)).zip(first..) {
                for (channels, values) in columns(&strips, partition, index) {
                    let row = part_mut(row, channels);
                    row.iter_mut().zip(values).for_each(|(value, &result)| *value += result);
                }
            }
            context.kernels.layer_norm(rows, width, norm.weight, norm.bias, eps);
            if let Some((matrix, shown)) = next {
                own.show_and_quantize(context, matrix, Some(shown), rows);
            }
        });
    }
}

/// A size that something is divided by.
fn nonzero(size: usize) -> NonZero<usize> {
    NonZero::new(size).unwrap_or(NonZero::<usize>::MIN)
}

/// What each strip has of a row.
fn columns<'s>(
    strips: &'s PerWorker<&'s [f32]>,
    partition: Partition,
    row: usize,
) -> impl Iterator<Item = (Range<usize>, &'s [f32])> {
    strips.iter().flatten().zip(partition.all()).map(move |(strip, channels)| {
        let values = part(strip, row * channels.len()..(row + 1) * channels.len());
        (channels, values)
    })
}
