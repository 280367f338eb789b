//! `copies` on a board with a DMA controller: the core reads no weight of a layer in flash.

use albert_core::Plan;

use crate::firmware::hold;
use crate::firmware_boards::Board;
use crate::firmware_bounds::MODEL;
use crate::firmware_reads::{ROWS, Reads, TEXTS};
use crate::toolchain::check;

const PROGRAM: &str = "copies";

/// Builds and runs it; it is held to the bits of this host.
pub(crate) fn run(board: &Board) -> Result<(), String> {
    let mut build = board.build()?;
    check(build.args(["--package", "programs", "--bin", PROGRAM, "--features", "programs/weight-copies"]))?;
    let room = Plan::new(&MODEL.config, 32).copied_bytes();
    let mut table = String::from(
        "| cores | tokens | memory for two panels, bytes | weights that the core reads, of the layers' | all tensors | \
         M instructions | without copies |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for (text, tokens) in TEXTS.into_iter().zip([6, 11]) {
        let [in_place, copied] = ["reads", PROGRAM].map(|program| Reads::of(board, program, ROWS, text));
        let (in_place, copied) = (in_place?, copied?);
        if copied.weights != 0.0 {
            return Err(format!(
                "the core reads {:.2} times the weights of the layers on {board}; none should be",
                copied.weights
            ));
        }
        table += &format!(
            "| {} | {tokens} | {room} | {:.2} | {:.2} | {:.1} | {:.1} |\n",
            board.cores,
            copied.weights,
            copied.tensors,
            copied.instructions as f64 / 1e6,
            in_place.instructions as f64 / 1e6,
        );
    }
    hold(board.target, "weight copies", table)
}
