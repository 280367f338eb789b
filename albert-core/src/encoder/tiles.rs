//! The tiles of a step and the workers on them.

use crate::build_features::THREADS;
use crate::executor::{Executor, for_each};
use crate::memory::Sequences;
use crate::memory::arena::{Worker, Workers};
use crate::slices::part_mut;
use core::ops::Range;

/// One tile of rows of the hidden state and the scratch memory to work on it.
pub(crate) struct TileWork<'t> {
    /// The rows.
    pub(crate) rows: Range<usize>,
    /// Their hidden states.
    pub(crate) hidden: &'t mut [f32],
    /// Scratch memory.
    pub(crate) worker: Worker<'t>,
}

/// The rows of a step.
#[derive(Clone)]
pub(crate) struct Tiles {
    /// All rows.
    pub(crate) rows: Range<usize>,
    /// Most rows of a tile.
    pub(crate) tile_rows: usize,
    /// See [`Self::are_shared`]: never set where there is one thread.
    pub(crate) shared: bool,
}

impl Tiles {
    /// Whether all workers share one tile. Targets with one thread know that they do not when they are compiled.
    #[inline(always)]
    pub(crate) fn are_shared(&self) -> bool {
        THREADS && self.shared
    }
}

/// Cuts the rows of a step into tiles, one for each worker at most, and runs `work` on each. `hidden` holds the hidden states of
/// all rows, `width` wide. Without rows, as when no position is asked for, there is no work.
pub(crate) fn for_tiles(
    executor: &dyn Executor,
    tiles: &Tiles,
    sequences: Sequences<'_>,
    hidden: &mut [f32],
    width: usize,
    mut workers: Workers<'_>,
    work: &(dyn Fn(TileWork<'_>) + Sync),
) {
    let rows = tiles.rows.clone();
    let hidden = rows_of(hidden, &rows, width);
    if rows.len() > tiles.tile_rows {
        side_by_side(executor, tiles, sequences, hidden, width, workers, work);
    } else if !rows.is_empty()
        && let Some(worker) = workers.next()
    {
        work(TileWork { rows, hidden, worker });
    }
}

/// Some rows of the hidden states, which are `width` wide.
pub(crate) fn rows_of<'h>(hidden: &'h mut [f32], rows: &Range<usize>, width: usize) -> &'h mut [f32] {
    part_mut(hidden, rows.start * width..rows.end * width)
}

/// [`for_tiles`] for several tiles. A function of its own, so that its queue is not on the stack of those who need none.
#[inline(never)]
fn side_by_side(
    executor: &dyn Executor,
    tiles: &Tiles,
    sequences: Sequences<'_>,
    hidden: &mut [f32],
    width: usize,
    workers: Workers<'_>,
    work: &(dyn Fn(TileWork<'_>) + Sync),
) {
    let Range { mut start, end } = tiles.rows;
    let mut left = hidden;
    let works = workers.map_while(|worker| {
        let rows = start..sequences.tile_end(start, tiles.tile_rows, end);
        let (hidden, behind) = core::mem::take(&mut left).split_at_mut_checked(rows.len() * width)?;
        (start, left) = (rows.end, behind);
        (!rows.is_empty()).then_some(TileWork { rows, hidden, worker })
    });
    for_each(executor, works, &work);
}
