//! The model file: where everything lies, and the bytes that are no weights. `docs/format.md` is the specification.
//!
//! Every size is known before the first weight is read, so that the file is laid out once and the weights are written in
//! place: no second copy is held in memory.

use std::ops::Range;

use albert_core::Model;
use albert_core::config::Config;
use albert_core::format::layout::{
    ALIGNMENT, MAGIC, PANEL_CHANNELS, SECTION_REQUIRED, TABLE_HEADER_BYTES, TENSOR_BYTES, VERSION, dtype, field,
    has_scale_steps, matrix_bytes, role, round_up, scale_bytes, section,
};

use crate::bytes::ModelBytes;
use crate::container::{lay_out, put, seal};
use crate::encoder_hash::encoder_hash;
use crate::sections::{Usage, config_section, label_section, prompt_section};

/// What a file holds besides weights.
pub(crate) struct Sections<'a> {
    pub(crate) config: &'a Config,
    pub(crate) groups: &'a [u16],
    pub(crate) usage: &'a Usage,
    /// Names of the labels; empty for none.
    pub(crate) labels: &'a [String],
    pub(crate) tokenizer: Option<&'a [u8]>,
    /// JSON text.
    pub(crate) provenance: &'a str,
}

/// A tensor to be written, in file order.
pub(crate) struct TensorPlan {
    pub(crate) role: u16,
    pub(crate) block: u16,
    pub(crate) dtype: u8,
    pub(crate) vector: bool,
    /// It is a table whose rows are looked up and by which nothing is multiplied.
    pub(crate) lookup: bool,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Input channel of each OCS place, ascending. Query, key and value of a block have the same.
    pub(crate) splits: Vec<u32>,
}

/// The parts of a file that one tensor's weights go to; all zero at first.
pub(crate) struct Region<'a> {
    pub(crate) dtype: u8,
    pub(crate) data: &'a mut [u8],
    /// See [`scale_bytes`]; empty for floats.
    pub(crate) scales: &'a mut [u8],
    /// One a channel, padding channels included; empty for lookup tables.
    pub(crate) sums: &'a mut [i32],
    pub(crate) splits: &'a [u32],
}

/// Where a tensor lies in the data section; parts that it does not have are empty.
#[derive(Clone, Default)]
struct Place {
    data: Range<usize>,
    scales: Range<usize>,
    sums: Range<usize>,
    splits: Range<usize>,
}

/// A file under construction.
pub(crate) struct Writer {
    file: ModelBytes,
    config_start: usize,
    data_start: usize,
    tensors: Vec<TensorPlan>,
    places: Vec<Place>,
}

impl Writer {
    /// Lays a file out and writes all but the weights and the checksum.
    pub(crate) fn new(sections: &Sections<'_>, tensors: Vec<TensorPlan>) -> Self {
        let mut contents = vec![
            (section::CONFIG, SECTION_REQUIRED, config_section(sections.config, sections.usage, sections.groups)),
            (section::TENSORS, SECTION_REQUIRED, vec![0; TABLE_HEADER_BYTES + TENSOR_BYTES * tensors.len()]),
        ];
        if !sections.labels.is_empty() {
            contents.push((section::LABELS, 0, label_section(sections.labels)));
        }
        if let Some(tokenizer) = sections.tokenizer {
            contents.push((section::TOKENIZER, 0, tokenizer.to_vec()));
        }
        if !sections.usage.prompts.is_empty() {
            contents.push((section::PROMPTS, 0, prompt_section(sections.usage)));
        }
        contents.push((section::PROVENANCE, 0, sections.provenance.as_bytes().to_vec()));

        let (places, data_bytes) = places(&tensors);
        let mut sizes: Vec<_> = contents.iter().map(|(kind, flags, bytes)| (*kind, *flags, bytes.len())).collect();
        sizes.push((section::DATA, SECTION_REQUIRED, data_bytes));
        let (mut file, ranges) = lay_out(MAGIC, VERSION, &sizes);
        for ((.., bytes), range) in contents.iter().zip(&ranges) {
            file[range.clone()].copy_from_slice(bytes);
        }
        // Configuration and records come first.
        let (config_start, table_start) = (ranges[0].start, ranges[1].start);
        let data_start = ranges[contents.len()].start;
        put(&mut file, table_start, &(tensors.len() as u32).to_le_bytes());
        for (index, (tensor, place)) in tensors.iter().zip(&places).enumerate() {
            put(&mut file, table_start + TABLE_HEADER_BYTES + TENSOR_BYTES * index, &record(tensor, place));
            put(&mut file, data_start + place.splits.start, bytemuck::cast_slice(&tensor.splits));
        }
        Self { file, config_start, data_start, tensors, places }
    }

    /// The parts of the file that the weights of tensor `index` go to.
    pub(crate) fn region(&mut self, index: usize) -> Region<'_> {
        let (tensor, place) = (&self.tensors[index], &self.places[index]);
        // Data, scales and sums lie in this order.
        let start = place.data.start;
        let (data, rest) = self.file[self.data_start + start..].split_at_mut(place.data.len());
        let end = start + place.data.len();
        let (scales, rest) = part(rest, end, &place.scales);
        let (sums, _) = part(rest, end.max(place.scales.end), &place.sums);
        Region { dtype: tensor.dtype, data, scales, sums: bytemuck::cast_slice_mut(sums), splits: &tensor.splits }
    }

    /// Bytes of tensor `index`, padding included; a split list counts where it lies first.
    pub(crate) fn bytes(&self, index: usize) -> usize {
        let place = &self.places[index];
        let shared = shares_splits(&self.tensors[index]);
        let splits = if shared { 0 } else { place.splits.len() };
        place.data.len() + place.scales.len() + place.sums.len() + splits
    }

    /// Writes the encoder's hash and the checksum.
    pub(crate) fn finish(mut self) -> ModelBytes {
        if let Ok(model) = Model::from_bytes(&self.file) {
            let hash = encoder_hash(&model);
            put(&mut self.file, self.config_start + field::ENCODER_HASH, &hash);
        }
        seal(&mut self.file);
        self.file
    }
}

/// `range` of a file, out of the bytes from `start` on, and the bytes after it.
fn part<'a>(bytes: &'a mut [u8], start: usize, range: &Range<usize>) -> (&'a mut [u8], &'a mut [u8]) {
    let (_, rest) = bytes.split_at_mut(range.start.saturating_sub(start));
    rest.split_at_mut(range.len())
}

/// Whether a tensor's split list is that of the block's query.
fn shares_splits(tensor: &TensorPlan) -> bool {
    matches!(tensor.role, role::KEY | role::VALUE)
}

/// Places every part of every tensor in the data section, each at a multiple of the alignment; returns where the last ends.
fn places(tensors: &[TensorPlan]) -> (Vec<Place>, usize) {
    let mut end = 0;
    let mut take = |bytes: usize| {
        if bytes == 0 {
            return 0..0;
        }
        let start = round_up(end, ALIGNMENT);
        end = start + bytes;
        start..end
    };
    let mut places: Vec<Place> = Vec::with_capacity(tensors.len());
    let mut query_splits = 0..0;
    for tensor in tensors {
        let data = if tensor.vector {
            round_up(tensor.columns, PANEL_CHANNELS) * 4
        } else {
            // The layout's sizes are bounded by those of the configuration, which were checked.
            matrix_bytes(tensor.dtype, tensor.rows, tensor.columns + tensor.splits.len()).unwrap_or(0)
        };
        let integer = !tensor.vector && tensor.dtype >= dtype::I8;
        let scales = if integer { scale_bytes(has_scale_steps(tensor.dtype, tensor.lookup), tensor.rows) } else { 0 };
        let sums = if integer && !tensor.lookup { 4 * round_up(tensor.rows, PANEL_CHANNELS) } else { 0 };
        let (data, scales, sums) = (take(data), take(scales), take(sums));
        let splits = if shares_splits(tensor) { query_splits.clone() } else { take(tensor.splits.len() * 4) };
        if tensor.role == role::QUERY {
            query_splits = splits.clone();
        }
        places.push(Place { data, scales, sums, splits });
    }
    (places, end)
}

fn record(tensor: &TensorPlan, place: &Place) -> [u8; TENSOR_BYTES] {
    let mut record = [0; TENSOR_BYTES];
    put(&mut record, 0, &tensor.role.to_le_bytes());
    put(&mut record, 2, &tensor.block.to_le_bytes());
    put(&mut record, 4, &[tensor.dtype]);
    let sizes = [tensor.rows, tensor.columns, tensor.splits.len()];
    for (at, size) in [8, 12, 16].into_iter().zip(sizes) {
        put(&mut record, at, &(size as u32).to_le_bytes());
    }
    let offsets = [&place.data, &place.scales, &place.sums, &place.splits];
    for (at, range) in [24, 32, 40, 48].into_iter().zip(offsets) {
        put(&mut record, at, &(range.start as u64).to_le_bytes());
    }
    record
}
