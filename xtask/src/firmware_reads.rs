//! Bytes that an inference on a board reads of the model, which lies in flash: counted by a plugin of QEMU. And what the number of tile
//! rows costs and saves.

use std::fs;
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::process::Command;

use albert_core::Model;
use albert_core::format::layout::role;

use crate::firmware::on_this_host;
use crate::firmware_boards::Board;
use crate::firmware_bounds::{MODEL, measure};
use crate::toolchain::{check, root, target_dir};

/// The program, which runs one inference with the weights in place.
const PROGRAM: &str = "reads";
/// Most bytes read of all tensors of the layers, as a multiple of what one layer after the other has.
const MOST: f64 = 1.1;
/// Least of the weights: all of them, but for places that round them up.
const LEAST: f64 = 0.95;
/// Tensors of layers; those before are the embeddings', those behind the pooler's and the head's.
const LAYERS: RangeInclusive<u16> = role::QUERY..=role::OUTPUT_NORM_BIAS;
/// Rows of a tile, for the table of all cores and for that of tile rows.
pub(crate) const ROWS: usize = 8;
const TILE_ROWS: [usize; 3] = [4, 8, 16];
/// Texts, and the cores of the table of tile rows: each set once.
pub(crate) const TEXTS: [usize; 2] = [0, 1];
const CORES: [&str; 4] = ["Cortex-M4", "Cortex-M55", "Armv8-M without DSP", "RV32IMAC"];

/// What was read of the layers' weights, of all tensors of layers, and of the whole model, as multiples of what the layers have; bytes
/// that were read of what else the model has; and what the inference took.
pub(crate) struct Reads {
    pub(crate) weights: f64,
    pub(crate) tensors: f64,
    model: f64,
    embeddings: u64,
    head: u64,
    rest: u64,
    arena: u64,
    pub(crate) instructions: u64,
}

impl Reads {
    /// Head of the table.
    pub(crate) const HEAD: &'static str = "| cores | compiled for | weights | all tensors of the layers | the whole model | embeddings, bytes | pooler and head, bytes | \
        tables and tokenizer, bytes |\n|---|---|--:|--:|--:|--:|--:|--:|\n";

    /// Head of the table of tile rows.
    pub(crate) const TILES_HEAD: &'static str = "| cores | tile rows | arena, bytes | 6 tokens: M instructions | weights read | \
        11 tokens: M instructions | weights read |\n|---|--:|--:|--:|--:|--:|--:|\n";

    /// Runs the program, which was built for the board, on the first text.
    pub(crate) fn count(board: &Board) -> Result<Self, String> {
        Self::of(board, PROGRAM, ROWS, TEXTS[0])
    }

    /// The rows of the board in the table of tile rows, if it is in there.
    pub(crate) fn tiles(board: &Board) -> Result<String, String> {
        let mut table = String::new();
        for rows in TILE_ROWS.into_iter().filter(|_| CORES.contains(&board.cores)) {
            let [short, long] = TEXTS.map(|text| Self::of(board, PROGRAM, rows, text));
            let (short, long) = (short?, long?);
            table += &format!("| {} | {rows} | {} |", board.cores, short.arena);
            for reads in [short, long] {
                table += &format!(" {:.1} | {:.2} |", reads.instructions as f64 / 1e6, reads.weights);
            }
            table.push('\n');
        }
        Ok(table)
    }

    /// Runs a program, already built for the board, on a text with `tile_rows` rows in a tile.
    pub(crate) fn of(board: &Board, program: &str, tile_rows: usize, text: usize) -> Result<Self, String> {
        let image = board.image(program);
        let flash = address_of_model(&fs::read(&image).map_err(|error| format!("{}: {error}", image.display()))?)?;
        let model = Model::from_bytes(MODEL.bytes).map_err(|error| error.to_string())?;
        let place = |part: &[u8]| {
            let start = (part.as_ptr().addr() - MODEL.bytes.as_ptr().addr()) as u64 + flash;
            start..start + part.len() as u64
        };
        let layers = || model.tensors().filter(|record| in_layers(record.role));
        let matrices = layers().filter(|record| record.rows > 1).map(|record| place(model.parts(&record)[0]));
        let matrices: Vec<Range<u64>> = matrices.collect();
        let parts = model.tensors().flat_map(|record| {
            let role = record.role;
            model.parts(&record).into_iter().filter(|part| !part.is_empty()).map(move |part| (Some(role), part))
        });
        let parts = parts.chain([(None, MODEL.bytes)]).map(|(role, part)| (role, place(part)));
        let parts: Vec<(Option<u16>, Range<u64>)> = parts.collect();
        let runs = model.block_runs() as u64;

        let ranges: Vec<Range<u64>> = parts.iter().map(|(_, part)| part.clone()).collect();
        let (printed, counted) = counted(board, &image, &ranges, &["-append", &format!("{tile_rows} {text}")])?;
        let results = on_this_host()?;
        if !results.get(text).is_some_and(|result| printed.contains(result.as_str())) {
            return Err(format!("{program} differs from this host:\n{printed}"));
        }

        let roles = parts.iter().map(|(role, _)| *role).zip(&counted);
        let of = |is_meant: &dyn Fn(u16) -> bool| {
            let meant = roles.clone().filter(|(role, _)| role.is_some_and(is_meant));
            meant.map(|(_, read)| *read).sum::<u64>()
        };
        let expected =
            |(role, part): &(Option<u16>, Range<u64>)| role.is_none_or(in_layers) && !matrices.contains(part);
        if parts.iter().zip(&counted).any(|(part, read)| expected(part) && *read == 0) {
            return Err(format!("not all tensors are read: {counted:?}"));
        }
        let [all, tensors] = [*counted.last().unwrap_or(&0), of(&in_layers)];
        let [embeddings, head] = [of(&|role| role < *LAYERS.start()), of(&|role| role > *LAYERS.end())];
        let lengths = |is_meant: &dyn Fn(&Range<u64>) -> bool| {
            let layers = parts.iter().filter(|(role, part)| role.is_some_and(in_layers) && is_meant(part));
            layers.map(|(_, part)| part.end - part.start).sum::<u64>() as f64 * runs as f64
        };
        let weights = parts.iter().zip(&counted).filter(|((_, part), _)| matrices.contains(part));
        let weights: u64 = weights.map(|(_, read)| *read).sum();
        Ok(Self {
            weights: weights as f64 / lengths(&|part| matrices.contains(part)),
            tensors: tensors as f64 / lengths(&|_| true),
            model: all as f64 / lengths(&|_| true),
            embeddings,
            head,
            rest: all - tensors - embeddings - head,
            arena: measure(&printed, "arena by the plan")?,
            instructions: measure(&printed, "inference")?,
        })
    }

    /// Holds the weights to their bound.
    pub(crate) fn bounds(&self, board: &Board) -> Result<(), String> {
        if self.weights < LEAST {
            return Err(format!("weights are read {:.2} times on {board}: not all are", self.weights));
        }
        if self.tensors > MOST {
            return Err(format!("layers are read {:.2} times on {board}; at most {MOST}", self.tensors));
        }
        Ok(())
    }

    /// The board's row of the table.
    pub(crate) fn row(&self, board: &Board) -> String {
        let Self { weights, tensors, model, embeddings, head, rest, .. } = self;
        let Board { cores, target, .. } = board;
        format!(
            "| {cores} | `{target}` | {weights:.2} | {tensors:.2} | {model:.2} | {embeddings} | {head} | {rest} |\n"
        )
    }
}

/// What an image prints on a board, and the bytes that it reads of ranges of addresses.
pub(crate) fn counted(
    board: &Board,
    image: &Path,
    ranges: &[Range<u64>],
    options: &[&str],
) -> Result<(String, Vec<u64>), String> {
    let library = target_dir().join("reads.so");
    let mut compiler = Command::new("gcc");
    compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-o"]);
    check(compiler.arg(&library).arg(root().join("firmware/reads/plugin.c")))?;
    let out = target_dir().join("reads.txt");
    let plugin = format!("{},out={}", library.display(), out.display());
    let plugin = ranges.iter().fold(plugin, |all, part| format!("{all},range={:x}-{:x}", part.start, part.end));
    let printed = board.emulate(image, &[&["-plugin", plugin.as_str()], options].concat())?;
    let counted = fs::read_to_string(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let counted: Vec<u64> = counted.lines().filter_map(|line| line.parse().ok()).collect();
    match counted.len() == ranges.len() {
        true => Ok((printed, counted)),
        false => Err(format!("{} ranges, but these counts: {counted:?}", ranges.len())),
    }
}

fn in_layers(role: u16) -> bool {
    LAYERS.contains(&role)
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
