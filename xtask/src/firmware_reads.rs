//! Bytes that an inference on a board reads of the model, which lies in flash: counted by a plugin of QEMU.

use std::fs;
use std::ops::Range;
use std::process::Command;

use albert_core::Model;
use albert_core::format::layout::role;

use crate::firmware::on_this_host;
use crate::firmware_boards::Board;
use crate::firmware_bounds::{MODEL, bounds};
use crate::toolchain::{check, root, target_dir};

/// The program, which runs one inference.
const PROGRAM: &str = "reads";
/// Most bytes read of the layers' tensors by sets that read each weight once for all rows, as a multiple of what one layer after the
/// other has. Scales, sums and biases are read once a row.
const MOST: f64 = 1.1;
/// The same for sets that read weights again for every few rows.
const MOST_AGAIN: f64 = 4.5;

/// What was read of the layers' weights, and of all tensors of layers, as multiples of what the layers have.
pub(crate) struct Reads {
    weights: f64,
    tensors: f64,
}

impl Reads {
    /// Head of the table.
    pub(crate) const HEAD: &'static str =
        "| cores | compiled for | weights | all tensors of the layers |\n|---|---|--:|--:|\n";

    /// Runs the program, which was built for the board.
    pub(crate) fn count(board: &Board) -> Result<Self, String> {
        let library = target_dir().join("reads.so");
        let mut compiler = Command::new("gcc");
        compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-o"]);
        check(compiler.arg(&library).arg(root().join("firmware/reads/plugin.c")))?;

        let image = board.image(PROGRAM);
        let flash = address_of_model(&fs::read(&image).map_err(|error| format!("{}: {error}", image.display()))?)?;
        let model = Model::from_bytes(MODEL.bytes).map_err(|error| error.to_string())?;
        let place = |part: &[u8]| {
            let start = (part.as_ptr().addr() - MODEL.bytes.as_ptr().addr()) as u64 + flash;
            start..start + part.len() as u64
        };
        let layers = || model.tensors().filter(|record| (role::QUERY..=role::OUTPUT_NORM_BIAS).contains(&record.role));
        let matrices = layers().filter(|record| record.rows > 1).map(|record| place(model.parts(&record)[0]));
        let matrices: Vec<Range<u64>> = matrices.collect();
        let parts = layers().flat_map(|record| model.parts(&record)).filter(|part| !part.is_empty()).map(place);
        let parts: Vec<Range<u64>> = parts.collect();
        let runs = model.block_runs() as u64;

        let out = target_dir().join("reads.txt");
        let ranges = parts.iter().map(|part| format!(",range={:x}-{:x}", part.start, part.end));
        let plugin = format!("{},out={}{}", library.display(), out.display(), ranges.collect::<String>());
        let printed = board.emulate(&image, &["-plugin", &plugin])?;
        let results = on_this_host()?;
        if !results.first().is_some_and(|result| printed.contains(result.as_str())) {
            return Err(format!("{PROGRAM} differs from this host:\n{printed}"));
        }
        bounds(&printed, 0, board.most_stack())?;

        let counted = fs::read_to_string(&out).map_err(|error| format!("{}: {error}", out.display()))?;
        let counted: Vec<u64> = counted.lines().filter_map(|line| line.parse().ok()).collect();
        if counted.len() != parts.len() || counted.contains(&0) {
            return Err(format!("{} ranges of flash, but these counts: {counted:?}", parts.len()));
        }
        let times = |is_meant: &dyn Fn(&Range<u64>) -> bool| {
            let meant = || parts.iter().zip(&counted).filter(|(part, _)| is_meant(part));
            let bytes: u64 = meant().map(|(part, _)| part.end - part.start).sum();
            meant().map(|(_, read)| *read).sum::<u64>() as f64 / (bytes * runs) as f64
        };
        Ok(Self { weights: times(&|part| matrices.contains(part)), tensors: times(&|_| true) })
    }

    /// Holds the weights to the bound of the board's set.
    pub(crate) fn bounds(&self, board: &Board) -> Result<(), String> {
        let most = if board.reads_once { MOST } else { MOST_AGAIN };
        if self.weights > most {
            return Err(format!("weights are read {:.2} times on {board}; at most {most}", self.weights));
        }
        Ok(())
    }

    /// The board's row of the table.
    pub(crate) fn row(&self, board: &Board) -> String {
        format!("| {} | `{}` | {:.2} | {:.2} |\n", board.cores, board.target, self.weights, self.tensors)
    }
}

/// Where the model lies in the memory of a board, by an image (ELF, 32 bits) that has it.
fn address_of_model(image: &[u8]) -> Result<u64, String> {
    let start = &MODEL.bytes[..MODEL.bytes.len().min(4096)];
    let at = image.windows(start.len()).position(|bytes| bytes == start).ok_or("the image does not have the model")?;
    let half =
        |at: usize| image.get(at..at + 2).map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
    let word = |at: usize| half(at) | half(at + 2) << 16;
    let headers = (0..half(44)).map(|index| word(28) + index * half(42));
    headers
        .map(|header| (word(header + 4), word(header + 8), word(header + 16)))
        .find(|&(offset, _, length)| (offset..offset + length).contains(&at))
        .map(|(offset, address, _)| (address + at - offset) as u64)
        .ok_or_else(|| "the model is in no segment of the image".to_owned())
}
