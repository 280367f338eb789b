//! `fast_memory` on a board with tightly coupled memory: how much of what is read of the arena lies there.

use albert_core::Plan;

use crate::firmware::hold;
use crate::firmware_boards::Board;
use crate::firmware_bounds::{MODEL, bounds};
use crate::firmware_reads::counted;
use crate::toolchain::check;

const PROGRAM: &str = "fast_memory";
/// Where the board's map has tightly coupled memory and RAM, which begins with the arena.
const FAST: u64 = 0x3000_0000;
const RAM: u64 = 0x3100_0000;
/// Least part of the bytes read of the arena that has to be read of fast memory, in percent.
const LEAST: f64 = 85.0;

/// Builds and runs it; its output is returned.
pub(crate) fn run(board: &Board) -> Result<String, String> {
    let mut build = board.build()?;
    check(build.args(["--package", "programs", "--bin", PROGRAM, "--features", "programs/fast-memory"]))?;
    let plan = Plan::new(&MODEL.config, 32).with_tile_rows(8);
    let (arena, fast) = (plan.arena_bytes() as u64, plan.fast_bytes() as u64);
    let ranges = [FAST..FAST + fast, RAM..RAM + arena];
    let (printed, counted) = counted(board, &board.image(PROGRAM), &ranges, &[])?;
    bounds(&printed, 0, board.most_stack())?;
    let [in_fast, in_arena] = [0, 1].map(|range: usize| counted.get(range).copied().unwrap_or(0) as f64);
    let part = 100.0 * in_fast / (in_fast + in_arena);
    if part.is_nan() || part < LEAST {
        return Err(format!(
            "{part:.0} % of what is read of the arena is read of fast memory on {board}; at least {LEAST}"
        ));
    }
    let table = format!(
        "| cores | arena, bytes | fast memory, bytes | read of it, of what is read of both |\n|---|--:|--:|--:|\n\
         | {} | {arena} | {fast} | {part:.0} % |\n",
        board.cores
    );
    hold(board.target, "fast memory", table)?;
    Ok(printed)
}
