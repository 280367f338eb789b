//! Several workers on one tile of rows.
//!
//! An input of few rows does not give each worker a tile that is worth its while: every one of them would read all weights for
//! a handful of rows. Here they share the tile. Linears are cut by output channels and attention by heads, so that each weight
//! is read by one thread; what is done row by row is cut by rows. A worker's output channels are a *panel* of its own memory;
//! whoever needs whole rows gathers them. Every value is computed as on one worker, to the bit.

mod layer;
mod rows;

pub(crate) use layer::{attention, feed_forward, keys_values};

use super::Context;
use super::linear::{Columns, integer_blocks};
use crate::arena::{AttentionScratch, Products, Rounded, Scratch, Worker, Workers};
use crate::config::Config;
use crate::executor::{Executor, for_each};
use crate::format::layout::{BLOCK_CHANNELS, GROUP_CHANNELS, role};
use crate::format::{Linear, Model};
use crate::kernels::Store;
use crate::plan::{MAX_WORKERS, Plan};
use core::ops::Range;

/// Rows a worker from which on a tile for each is as fast.
const ROWS_OF_ITS_OWN: usize = 64;

/// Something for each worker.
type Each<T> = [Option<T>; MAX_WORKERS];

/// The workers of a tile. There are two or more.
pub(crate) struct Team<'a> {
    executor: &'a dyn Executor,
    count: usize,
    panels: Each<&'a mut [f32]>,
    /// Room for a row of the widest linear.
    rows: Each<&'a mut [f32]>,
    /// The first one's rounded rows are the input of all products.
    scratch: Each<Scratch<'a>>,
    attention: Each<AttentionScratch<'a>>,
}

/// Whether the workers of a plan do better to share tiles when a step has so many rows.
///
/// Linears must be integer ones and heads whole blocks of channels, as they are in the layers of all published models.
pub(crate) fn shares_tiles(model: &Model<'_>, plan: &Plan, block: usize, rows: usize) -> bool {
    let config = model.config();
    let own = plan.tile_rows().min(ROWS_OF_ITS_OWN);
    plan.workers() > 1
        && rows < plan.workers() * own
        && (config.head_size() as usize).is_multiple_of(BLOCK_CHANNELS)
        && panels_fit(config, plan, rows.min(plan.tile_rows()))
        && LINEARS.into_iter().all(|role| model.linear(role, block).matrix.is_integer())
}

const LINEARS: [u16; 6] = [role::QUERY, role::KEY, role::VALUE, role::ATTENTION_OUTPUT, role::FFN, role::FFN_OUTPUT];

/// Whether a worker's memory for wide rows holds its panels of so many rows and a row.
fn panels_fit(config: &Config, plan: &Plan, rows: usize) -> bool {
    let (hidden, widest) = (config.hidden_size as usize, widest(config));
    let parts = plan.workers();
    let cuts = [(hidden, config.head_size() as usize), (hidden, GROUP_CHANNELS), (widest, GROUP_CHANNELS)];
    let largest = cuts.map(|(channels, unit)| Cut { channels, unit, parts }.largest());
    largest.iter().all(|largest| rows * largest + widest <= plan.tile_rows() * widest)
}

/// Width of the layers' widest rows.
fn widest(config: &Config) -> usize {
    config.hidden_size.max(config.intermediate_size) as usize
}

/// How the output channels of a linear are divided: as evenly as whole units allow.
#[derive(Clone, Copy)]
struct Cut {
    channels: usize,
    /// Channels that stay together, a multiple of 16.
    unit: usize,
    parts: usize,
}

impl Cut {
    /// The channels of a part; parts past the last unit are empty.
    fn part(&self, index: usize) -> Range<usize> {
        let units = self.channels.div_ceil(self.unit.max(1));
        let edge = |index: usize| (units * index / self.parts.max(1) * self.unit).min(self.channels);
        edge(index)..edge(index + 1)
    }

    /// Bound of the parts' lengths.
    fn largest(&self) -> usize {
        self.channels.div_ceil(self.unit.max(1)).div_ceil(self.parts.max(1)) * self.unit
    }

    fn all(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.parts).map(move |index| self.part(index))
    }
}

impl<'a> Team<'a> {
    /// The workers of an arena.
    pub(crate) fn new(executor: &'a dyn Executor, workers: Workers<'a>, config: &Config) -> Self {
        let mut team = Self {
            executor,
            count: 0,
            panels: [const { None }; MAX_WORKERS],
            rows: [const { None }; MAX_WORKERS],
            scratch: [const { None }; MAX_WORKERS],
            attention: [const { None }; MAX_WORKERS],
        };
        let places = team.panels.iter_mut().zip(&mut team.rows).zip(&mut team.scratch).zip(&mut team.attention);
        for ((((panel, row), scratch), attention), worker) in places.zip(workers) {
            let Worker { wide, scratch: own, attention: others } = worker;
            let (columns, behind) = wide.split_at_mut(wide.len().saturating_sub(widest(config)));
            (*panel, *row, *scratch, *attention) = (Some(columns), Some(behind), Some(own), Some(others));
            team.count += 1;
        }
        team
    }

    /// The cut of a linear for this team.
    fn cut(&self, linear: &Linear<'_>, unit: usize) -> Cut {
        Cut { channels: linear.matrix.rows, unit, parts: self.count }
    }

    /// The product of the rounded rows with each part of a linear, into the panels.
    fn multiply(&mut self, context: &Context<'_>, linear: &Linear<'_>, cut: Cut, store: Store, count: usize) {
        let Some((rounded, products)) = input_and_products(&mut self.scratch) else { return };
        let jobs = products.zip(self.panels.iter_mut().flatten()).zip(cut.all());
        for_each(self.executor, jobs, &|((products, panel), part): ((&mut Products<'_>, &mut &mut [f32]), _)| {
            multiply_part(context, linear, part, store, rounded, count, panel, products);
        });
    }
}

/// The input of all products, and what each worker multiplies with.
fn input_and_products<'s, 'a>(
    scratch: &'s mut Each<Scratch<'a>>,
) -> Option<(&'s Rounded<'a>, impl Iterator<Item = &'s mut Products<'a>>)> {
    let (first, others) = scratch.split_first_mut()?;
    let Scratch { rounded, products, .. } = first.as_mut()?;
    let others = others.iter_mut().flatten().map(|other| &mut other.products);
    Some((rounded, core::iter::once(products).chain(others)))
}

/// Some output channels of a linear, as a panel: row r is `panel[r * part.len()..]`.
#[expect(clippy::too_many_arguments, reason = "those of a linear; a struct would only rename them")]
fn multiply_part(
    context: &Context<'_>,
    linear: &Linear<'_>,
    part: Range<usize>,
    store: Store,
    x: &Rounded<'_>,
    rows: usize,
    panel: &mut [f32],
    products: &mut Products<'_>,
) {
    let blocks = part.start / BLOCK_CHANNELS..part.end.div_ceil(BLOCK_CHANNELS);
    if !part.is_empty() {
        let out = Columns { data: panel, stride: part.len(), rows };
        integer_blocks(context.kernels, linear, blocks, store, out, x, products);
    }
}
