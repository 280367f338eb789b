//! The reference file: inputs and the outputs that are expected for them.

use std::fs::{self, File};
use std::path::Path;

use albert_core::Config;
use albert_report::outputs::{self, Kind};
use memmap2::Mmap;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::error::{At, Error, Result};

/// Inputs of `rows` rows (the choices of a question are rows of their own) and what is expected of them.
#[derive(Debug)]
pub(super) struct Reference<'r> {
    pub(super) rows: usize,
    /// Tokens of a row, padding counted.
    pub(super) tokens: usize,
    /// Choices of a question; 1 for all other tasks.
    pub(super) choices: usize,
    ids: Vec<u32>,
    token_types: Vec<u32>,
    attention_mask: Vec<u32>,
    pub(super) outputs: Vec<Expected<'r>>,
}

/// One expected output.
#[derive(Debug)]
pub(super) struct Expected<'r> {
    pub(super) name: &'static str,
    pub(super) shape: Vec<usize>,
    /// Rows of the reference.
    rows: usize,
    data: Values<'r>,
}

/// f32 values where they lie; their address need not be aligned.
#[derive(Clone, Copy, Debug)]
struct Values<'r>(&'r [u8]);

/// One row's input.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) ids: Vec<u32>,
    pub(super) token_types: Vec<u32>,
    pub(super) attention_mask: Vec<u32>,
}

const INPUTS: [&str; 3] = ["input_ids", "attention_mask", "token_type_ids"];

impl<'r> Reference<'r> {
    pub(super) fn parse(file: &'r [u8]) -> Result<Self> {
        let tensors = SafeTensors::deserialize(file).at("not a safetensors file")?;
        let input = |name: &str| tensors.tensor(name).ok();
        let ids = input("input_ids").ok_or_else(|| Error::new("there are no input_ids"))?;
        let shape = ids.shape().to_vec();
        let (batch, choices, tokens) = match *shape.as_slice() {
            [batch, tokens] => (batch, 1, tokens),
            [batch, choices, tokens] => (batch, choices, tokens),
            _ => return Err(Error::new(format_args!("input_ids have shape {shape:?}; expected [B,S] or [B,C,S]"))),
        };
        if batch * choices * tokens == 0 {
            return Err(Error::new(format_args!("input_ids have shape {shape:?}: there is nothing to run")));
        }
        let optional = |name: &str, default: u32| match input(name) {
            Some(tensor) if tensor.shape() == shape => integers(name, &tensor),
            Some(tensor) => {
                Err(Error::new(format_args!("{name} have shape {:?}, input_ids {shape:?}", tensor.shape())))
            }
            None => Ok(vec![default; batch * choices * tokens]),
        };
        let rows = batch * choices;
        let mut expected = Vec::new();
        let mut names: Vec<(String, TensorView<'r>)> = tensors.tensors();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, tensor) in names.iter().filter(|(name, _)| !INPUTS.contains(&name.as_str())) {
            let Some(name) = outputs::known_name(name) else {
                eprintln!("note: {name} of the reference is unknown; it is not compared");
                continue;
            };
            if tensor.dtype() != Dtype::F32 {
                return Err(Error::new(format_args!("{name} has element type {:?}; expected F32", tensor.dtype())));
            }
            let shape = tensor.shape().to_vec();
            expected.push(Expected { name, shape, rows, data: Values(tensor.data()) });
        }
        Ok(Self {
            rows,
            tokens,
            choices,
            ids: integers("input_ids", &ids)?,
            attention_mask: optional("attention_mask", 1)?,
            token_types: optional("token_type_ids", 0)?,
            outputs: expected,
        })
    }

    /// The input of one row.
    pub(super) fn input(&self, row: usize) -> Row {
        let part = |values: &[u32]| values.iter().skip(row * self.tokens).take(self.tokens).copied().collect();
        Row { ids: part(&self.ids), token_types: part(&self.token_types), attention_mask: part(&self.attention_mask) }
    }
}

impl Expected<'_> {
    /// Elements of the whole tensor.
    pub(super) fn elements(&self) -> usize {
        self.data.0.len() / 4
    }

    /// Elements of one row of the reference.
    pub(super) fn row_elements(&self) -> usize {
        self.elements() / self.rows
    }

    /// `count` values from `start` on.
    pub(super) fn values(&self, start: usize, count: usize) -> Vec<f32> {
        let bytes = self.data.0.chunks_exact(4).skip(start).take(count);
        bytes.map(|bytes| bytes.try_into().map_or(0.0, f32::from_le_bytes)).collect()
    }

    /// Compares the shape with what the model computes for a row.
    pub(super) fn check(&self, kind: Kind, config: &Config, tokens: usize) -> Result<()> {
        let per_row = kind.width(config) * if kind.per_token() { tokens } else { 1 };
        let whole = self.shape.iter().product::<usize>() == self.rows * per_row;
        let last = kind.is_scalar() || self.shape.last() == Some(&kind.width(config));
        if whole && last {
            return Ok(());
        }
        let (name, shape) = (self.name, &self.shape);
        Err(Error::new(format_args!(
            "{name} has shape {shape:?}; this model gives {per_row} values for each input row"
        )))
    }
}

/// Maps the file.
pub(super) fn map(path: &Path) -> Result<Mmap> {
    // Before it is opened: opening a pipe waits for somebody to write.
    let metadata = fs::metadata(path).at(format_args!("cannot open {}", path.display()))?;
    if !metadata.is_file() {
        return Err(Error::new(format_args!(
            "{} is no regular file; give a safetensors file with inputs and outputs",
            path.display()
        )));
    }
    if metadata.len() == 0 {
        return Err(Error::new(format_args!("{} is empty", path.display())));
    }
    let file = File::open(path).at(format_args!("cannot open {}", path.display()))?;
    // SAFETY: the map is only read; every offset is checked by the reader. A file that another process changes meanwhile gives
    // wrong numbers, and one that it cuts a bus error: a map cannot guard against either.
    #[allow(unsafe_code)]
    let map = unsafe { Mmap::map(&file) };
    map.at(format_args!("cannot read {}", path.display()))
}

/// The elements of an integer tensor as ids.
fn integers(name: &str, tensor: &TensorView<'_>) -> Result<Vec<u32>> {
    let numbers: Vec<i64> = match tensor.dtype() {
        Dtype::I64 => {
            tensor.data().chunks_exact(8).filter_map(|x| Some(i64::from_le_bytes(x.try_into().ok()?))).collect()
        }
        Dtype::I32 => {
            tensor.data().chunks_exact(4).filter_map(|x| Some(i32::from_le_bytes(x.try_into().ok()?).into())).collect()
        }
        dtype => return Err(Error::new(format_args!("{name} have element type {dtype:?}; expected I64 or I32"))),
    };
    let ids = numbers.iter().map(|&number| {
        u32::try_from(number).map_err(|_| Error::new(format_args!("{name} hold {number}, which is no id")))
    });
    ids.collect()
}
