//! Who runs the tasks of a step: the caller's threads, or nobody but the caller.

mod queue;
#[cfg(feature = "threads")]
mod threads;

pub(crate) use queue::for_each;
#[cfg(feature = "threads")]
pub use threads::Threads;

use crate::arena::{Worker, Workers};
use core::ops::Range;

/// Runs independent tasks, side by side when it can. Results do not depend on it.
pub trait Executor: Sync {
    /// Calls `task` once with each number below `tasks` and returns when all calls have returned.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync));
}

/// One task after another, on the caller's thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serial;

impl Executor for Serial {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// One tile of rows of the hidden state and the scratch memory to work on it.
pub(crate) struct TileWork<'t> {
    /// The rows.
    pub(crate) rows: Range<usize>,
    /// Their hidden states.
    pub(crate) hidden: &'t mut [f32],
    /// Scratch memory.
    pub(crate) worker: Worker<'t>,
}

/// Cuts `rows` into tiles of `tile_rows`, one for each worker at most, and runs `work` on each. `hidden` holds the hidden
/// states of all rows, `width` wide.
pub(crate) fn for_tiles(
    executor: &dyn Executor,
    rows: Range<usize>,
    tile_rows: usize,
    hidden: &mut [f32],
    width: usize,
    mut workers: Workers<'_>,
    work: &(dyn Fn(TileWork<'_>) + Sync),
) {
    let hidden = rows_of(hidden, &rows, width);
    if rows.len() > tile_rows {
        side_by_side(executor, rows, tile_rows, hidden, width, workers, work);
    } else if let Some(worker) = workers.next() {
        work(TileWork { rows, hidden, worker });
    }
}

/// Some rows of the hidden states, which are `width` wide.
pub(crate) fn rows_of<'h>(hidden: &'h mut [f32], rows: &Range<usize>, width: usize) -> &'h mut [f32] {
    hidden.get_mut(rows.start * width..rows.end * width).unwrap_or(&mut [])
}

/// [`for_tiles`] for several tiles. A function of its own, so that its queue is not on the stack of those who need none.
#[inline(never)]
fn side_by_side(
    executor: &dyn Executor,
    rows: Range<usize>,
    tile_rows: usize,
    hidden: &mut [f32],
    width: usize,
    workers: Workers<'_>,
    work: &(dyn Fn(TileWork<'_>) + Sync),
) {
    let hidden = hidden.chunks_mut((tile_rows * width).max(1));
    let starts = rows.clone().step_by(tile_rows.max(1));
    let tiles = hidden.zip(workers).zip(starts).map(|((hidden, worker), start)| {
        let rows = start..rows.end.min(start + tile_rows);
        TileWork { rows, hidden, worker }
    });
    for_each(executor, tiles, &work);
}
