//! A checkpoint's tensors in the layouts of the file, rounded to nearest.

use albert_core::config::{Activation, Head, Precision, ProblemType};
use albert_core::format::layout::{LEVELS_4, LEVELS_5, dtype, role};
use half::f16;

use super::{Record, aligned};
use crate::reference::Reference;
use crate::tensors::Tensor;

/// How the weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Everything in f32.
    F32,
    /// Matrices in f16.
    F16,
    /// Matrices in int8, rounded to nearest.
    Int8(Inputs),
    /// Matrices as indices into the codebook of 16 or 32 levels, but for the attention output, which is int8.
    Codebook(usize, Inputs),
    /// The same weights as `Codebook`, written out in int8.
    Expanded(usize, Inputs),
    /// An int8 model with some matrices in f16 and f32.
    Mixed,
}

/// What is done to the inputs of every linear. The channels and factors are arbitrary: the product is the same whatever
/// they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Entries in the split list.
    pub extra: usize,
    /// Whether there is a smoothing vector.
    pub smoothing: bool,
}

impl Storage {
    /// int8 without OCS places or smoothing.
    pub const INT8: Self = Self::Int8(Inputs { extra: 0, smoothing: false });

    fn inputs(self) -> Inputs {
        match self {
            Self::Int8(inputs) | Self::Codebook(_, inputs) | Self::Expanded(_, inputs) => inputs,
            Self::F32 | Self::F16 | Self::Mixed => Inputs::default(),
        }
    }

    /// The storage of one matrix.
    fn of(self, role: u16, block: u16) -> Self {
        let every = [Self::F16, Self::INT8, Self::F32, Self::INT8];
        match self {
            Self::Mixed => every[usize::from(role / 2 + block) % every.len()],
            // The attention output needs its bits most.
            Self::Codebook(_, inputs) | Self::Expanded(_, inputs) if role == role::ATTENTION_OUTPUT => {
                Self::Int8(inputs)
            }
            _ => self,
        }
    }
}

fn floats(values: impl Iterator<Item = f64>) -> Vec<u8> {
    let mut bytes: Vec<u8> = values.flat_map(|value| (value as f32).to_le_bytes()).collect();
    bytes.resize(aligned(bytes.len()), 0);
    bytes
}

/// The layer that embeddings of texts go through.
const DENSE: &str = "2_Dense.linear.weight";

/// Makes the parts of a file from a checkpoint.
pub(super) struct Writer<'a> {
    pub(super) checkpoint: &'a Reference,
    pub(super) storage: Storage,
}

impl Writer<'_> {
    fn head(&self) -> Head {
        match self.checkpoint.class() {
            "AlbertForSequenceClassification" => Head::SequenceClassification,
            "AlbertForTokenClassification" => Head::TokenClassification,
            "AlbertForQuestionAnswering" => Head::QuestionAnswering,
            "AlbertForMultipleChoice" => Head::MultipleChoice,
            "AlbertForMaskedLM" => Head::MaskedLm,
            "AlbertForPreTraining" => Head::PreTraining,
            _ => Head::None,
        }
    }

    /// Name of the head's own linear.
    fn classifier(&self) -> &'static str {
        match self.head() {
            Head::QuestionAnswering => "qa_outputs",
            Head::PreTraining => "sop_classifier.classifier",
            _ => "classifier",
        }
    }

    pub(super) fn num_labels(&self) -> usize {
        let bias = format!("{}.bias", self.classifier());
        if self.checkpoint.has(&bias) { self.checkpoint.tensor(&bias).shape[0] } else { 0 }
    }

    pub(super) fn config(&self) -> Vec<u8> {
        let config = &self.checkpoint.config;
        let (layers, groups) = (config.num_hidden_layers, config.num_hidden_groups);
        let shape = |name| &self.checkpoint.tensor(name).shape;
        let problem_type = match config.problem_type.as_deref() {
            Some("multi_label_classification") => ProblemType::MultiLabel,
            Some("regression") => ProblemType::Regression,
            _ => ProblemType::SingleLabel,
        };
        let precision = match self.storage {
            Storage::F32 | Storage::F16 => Precision::Float,
            _ => Precision::Int8,
        };
        let Inputs { extra, smoothing } = self.storage.inputs();
        let codebook = matches!(self.storage, Storage::Codebook(..));
        let ffn = "encoder.albert_layer_groups.0.albert_layers.0.ffn.weight";
        let dense = if self.checkpoint.has(DENSE) { shape(DENSE)[0] as u32 } else { 0 };
        // Offsets as docs/format.md has them.
        let words = [
            (0, config.vocab_size as u32),
            (4, shape("embeddings.word_embeddings.weight")[1] as u32),
            (8, config.hidden_size as u32),
            (12, shape(ffn)[0] as u32),
            (16, layers as u32),
            (20, groups as u32),
            (24, config.inner_group_num as u32),
            (28, config.num_attention_heads as u32),
            (32, config.max_position_embeddings as u32),
            (36, shape("embeddings.token_type_embeddings.weight")[0] as u32),
            (40, activation_code(&config.hidden_act)),
            (44, (config.layer_norm_eps as f32).to_bits()),
            (48, precision as u32),
            (52, self.checkpoint.has("encoder.embedding_hidden_mapping_in.weight").into()),
            (56, self.checkpoint.has("pooler.weight").into()),
            (60, activation_code("tanh")),
            (64, extra as u32),
            (68, smoothing.into()),
            (72, codebook.into()),
            (128, self.head() as u32),
            (132, self.num_labels() as u32),
            (136, problem_type as u32),
            (144, 1f32.to_bits()),
            // The mean, the dense layer with tanh, length 1.
            (160, if dense > 0 { 3 } else { 0 }),
            (164, (dense > 0).into()),
            (168, dense),
            (172, if dense > 0 { activation_code("tanh") } else { 0 }),
        ];
        let mut section = vec![0; 192];
        for (at, word) in words {
            section[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        let group = |layer| crate::reference::group_of_layer(layer, layers, groups) as u16;
        section.extend((0..layers).flat_map(|layer| group(layer).to_le_bytes()));
        section
    }

    pub(super) fn records(&self) -> Vec<Record> {
        let head = self.head();
        let masked_lm = matches!(head, Head::MaskedLm | Head::PreTraining);
        let untied = self.checkpoint.has("predictions.decoder.weight");
        let mut records = vec![
            self.table(role::WORD_EMBEDDINGS, "embeddings.word_embeddings.weight", !masked_lm || untied),
            self.table(role::POSITION_EMBEDDINGS, "embeddings.position_embeddings.weight", true),
            self.table(role::TOKEN_TYPE_EMBEDDINGS, "embeddings.token_type_embeddings.weight", true),
        ];
        records.extend(self.norm(role::EMBEDDING_NORM_WEIGHT, 0, "embeddings.LayerNorm"));
        if self.checkpoint.has("encoder.embedding_hidden_mapping_in.weight") {
            records.extend(self.linear(role::EMBEDDING_MAPPING, 0, "encoder.embedding_hidden_mapping_in"));
        }
        let (groups, inner_groups) = (self.checkpoint.config.num_hidden_groups, self.checkpoint.config.inner_group_num);
        for block in 0..groups * inner_groups {
            let (group, inner) = (block / inner_groups, block % inner_groups);
            let name = |part: &str| format!("encoder.albert_layer_groups.{group}.albert_layers.{inner}.{part}");
            let linear = |role, part| self.linear(role, block as u16, &name(part));
            let norm = |role, part| self.norm(role, block as u16, &name(part));
            records.extend(linear(role::QUERY, "attention.query"));
            for mut record in
                [linear(role::KEY, "attention.key"), linear(role::VALUE, "attention.value")].into_iter().flatten()
            {
                record.parts[3..].fill(Vec::new());
                records.push(record);
            }
            records.extend(linear(role::ATTENTION_OUTPUT, "attention.dense"));
            records.extend(norm(role::ATTENTION_NORM_WEIGHT, "attention.LayerNorm"));
            records.extend(linear(role::FFN, "ffn"));
            records.extend(linear(role::FFN_OUTPUT, "ffn_output"));
            records.extend(norm(role::OUTPUT_NORM_WEIGHT, "full_layer_layer_norm"));
        }
        if self.checkpoint.has("pooler.weight") {
            records.extend(self.linear(role::POOLER, 0, "pooler"));
        }
        if masked_lm {
            records.extend(self.linear(role::MLM_DENSE, 0, "predictions.dense"));
            records.extend(self.norm(role::MLM_NORM_WEIGHT, 0, "predictions.LayerNorm"));
            if untied {
                records.push(self.table(role::MLM_DECODER, "predictions.decoder.weight", false));
            }
            let names = ["predictions.decoder.bias", "predictions.bias"];
            let bias = names.into_iter().find(|name| self.checkpoint.has(name)).expect("the head has a bias");
            records.push(self.vector(role::MLM_DECODER_BIAS, 0, bias));
        }
        match head {
            Head::None | Head::MaskedLm => {}
            Head::PreTraining => records.extend(self.linear(role::SENTENCE_ORDER, 0, self.classifier())),
            _ => records.extend(self.linear(role::CLASSIFIER, 0, self.classifier())),
        }
        if self.checkpoint.has(DENSE) {
            records.extend(self.linear(role::SENTENCE_DENSE, 0, "2_Dense.linear"));
        }
        records
    }

    fn vector(&self, role: u16, block: u16, name: &str) -> Record {
        let values = &self.checkpoint.tensor(name).values;
        let parts = [floats(values.iter().copied()), vec![], vec![], vec![], vec![]];
        Record { role, block, dtype: dtype::F32, rows: 1, columns: values.len(), extra: 0, parts }
    }

    fn norm(&self, role: u16, block: u16, name: &str) -> [Record; 2] {
        ["weight", "bias"].map(|part| self.vector(role + u16::from(part == "bias"), block, &format!("{name}.{part}")))
    }

    /// `lookup`: no inputs are multiplied by it.
    fn table(&self, role: u16, name: &str, lookup: bool) -> Record {
        self.matrix(role, 0, self.checkpoint.tensor(name), lookup, &[], None)
    }

    /// Matrix and bias.
    fn linear(&self, role: u16, block: u16, name: &str) -> [Record; 2] {
        let weight = self.checkpoint.tensor(&format!("{name}.weight"));
        let columns = weight.shape[1];
        let Inputs { extra, smoothing } = self.storage.inputs();
        // Channels 1, 1, 4, 7, 7, 10, ... as far as there are any.
        let splits: Vec<usize> =
            (0..extra).map(|index| (1 + index / 3 * 6 + index % 3 / 2 * 3).min(columns - 1)).collect();
        let factors =
            smoothing.then(|| (0..columns).map(|column| [1.0, 0.5, 1.5, 0.75][column % 4]).collect::<Vec<f64>>());
        let matrix = self.matrix(role, block, weight, false, &splits, factors.as_deref());
        [matrix, self.vector(role + 1, block, &format!("{name}.bias"))]
    }

    fn matrix(
        &self,
        role: u16,
        block: u16,
        weight: &Tensor,
        lookup: bool,
        splits: &[usize],
        factors: Option<&[f64]>,
    ) -> Record {
        let (rows, columns) = (weight.shape[0], weight.shape[1]);
        let places = columns + splits.len();
        let value = |row: usize, place: usize| {
            let column = if place < columns { place } else { splits[place - columns] };
            weight.row(row)[column] / factors.map_or(1.0, |factors| factors[column])
        };
        let storage = self.storage.of(role, block);
        let matrix = Matrix {
            rows,
            places,
            lookup,
            stepped: lookup || !matches!(storage, Storage::Int8(_) | Storage::Mixed),
            values: (0..rows).map(|row| (0..places).map(|place| value(row, place)).collect()).collect(),
        };
        let (dtype, [data, scales, sums]) = match storage {
            Storage::F32 => (dtype::F32, [matrix.blocked(1, |value| (value as f32).to_le_bytes()), vec![], vec![]]),
            Storage::F16 => {
                (dtype::F16, [matrix.blocked(1, |value| f16::from_f64(value).to_le_bytes()), vec![], vec![]])
            }
            Storage::Codebook(16, _) => (dtype::C4, matrix.codebook(16)),
            Storage::Codebook(..) => (dtype::C5, matrix.codebook(32)),
            Storage::Expanded(levels, _) => (dtype::I8, matrix.int8(&matrix.grouped(levels).weights)),
            Storage::Int8(_) | Storage::Mixed => (dtype::I8, matrix.int8(&matrix.rounded())),
        };
        let splits_part = splits.iter().flat_map(|&channel| (channel as u32).to_le_bytes()).collect();
        let factors_part = factors.map(|factors| floats(factors.iter().copied())).unwrap_or_default();
        let parts = [data, scales, sums, splits_part, factors_part];
        Record { role, block, dtype, rows, columns, extra: splits.len(), parts }
    }
}

/// Weights by output channel and place.
struct Matrix {
    rows: usize,
    places: usize,
    /// There are no sums.
    lookup: bool,
    /// Scales are whole steps above the least one, however they are stored.
    stepped: bool,
    values: Vec<Vec<f64>>,
}

/// A matrix in a codebook format.
struct Grouped {
    /// `[rows][places]`.
    codes: Vec<Vec<usize>>,
    /// `[rows/4][places/8]`.
    multipliers: Vec<Vec<i32>>,
    /// The int8 weights that they stand for.
    weights: Vec<Vec<i32>>,
}

impl Matrix {
    /// Blocks of 16 channels by groups of `step` places, zero where there is no weight.
    fn blocked<const N: usize>(&self, step: usize, encode: impl Fn(f64) -> [u8; N]) -> Vec<u8> {
        let at = |row: usize, place: usize| self.values.get(row).and_then(|row| row.get(place)).copied().unwrap_or(0.0);
        blocked(self.rows, self.places, step).flat_map(|(row, place)| encode(at(row, place))).collect()
    }

    /// The ranges, or the first steps that reach them.
    fn scales(&self) -> Vec<f64> {
        if self.stepped {
            let least = self.least_scale();
            let scale = |steps| f64::from(f32::from_bits(least + (u32::from(steps) << 18)));
            return self.steps().into_iter().map(scale).collect();
        }
        self.ranges()
    }

    /// The scales that put the largest weight of each row at the end of the range.
    fn ranges(&self) -> Vec<f64> {
        let largest = |row: &Vec<f64>| row.iter().map(|value| value.abs()).fold(0.0, f64::max);
        self.values.iter().map(|row| largest(row) / 127.0).collect()
    }

    /// Bits of the least scale: 255 steps below the first one that reaches all rows.
    fn least_scale(&self) -> u32 {
        let most = self.ranges().into_iter().fold(0.0, f64::max) as f32;
        most.to_bits().next_multiple_of(1 << 18).saturating_sub(255 << 18)
    }

    /// How many steps the scale of each row is above the least.
    fn steps(&self) -> Vec<u8> {
        let above = |range: f64| (range as f32).to_bits().saturating_sub(self.least_scale()).div_ceil(1 << 18);
        self.ranges().into_iter().map(|range| above(range) as u8).collect()
    }

    /// Scales and sums as they are stored.
    fn channels(&self, weights: &[Vec<i32>], codebook: bool) -> [Vec<u8>; 2] {
        let sums = if self.lookup { vec![] } else { sums(weights) };
        if !self.lookup && !codebook {
            return [floats(self.scales().into_iter()), sums];
        }
        let mut scales = self.least_scale().to_le_bytes().to_vec();
        scales.extend(self.steps());
        scales.resize(4 + self.rows.next_multiple_of(16), 0);
        [scales, sums]
    }

    /// int8 weights, rounded to nearest.
    fn rounded(&self) -> Vec<Vec<i32>> {
        let round = |value: &f64, scale: f64| {
            if *value == 0.0 { 0 } else { (value / scale).round_ties_even() as i32 }
        };
        let rows = self.values.iter().zip(self.scales());
        rows.map(|(row, scale)| row.iter().map(|value| round(value, scale)).collect()).collect()
    }

    /// Data, scales and sums of given int8 weights.
    fn int8(&self, weights: &[Vec<i32>]) -> [Vec<u8>; 3] {
        let at = |row: usize, place: usize| weights.get(row).and_then(|row| row.get(place)).copied().unwrap_or(0);
        let data = blocked(self.rows, self.places, 4).map(|(row, place)| at(row, place) as i8 as u8).collect();
        let [scales, sums] = self.channels(weights, false);
        [data, scales, sums]
    }

    /// Each multiplier puts the largest weight of its 4 channels and 8 places, in steps of their scales, on the lowest level;
    /// each code is the nearest level.
    fn grouped(&self, levels: usize) -> Grouped {
        let levels: &[i8] = if levels == 16 { &LEVELS_4 } else { &LEVELS_5 };
        let expand = |level: i8, multiplier: i32| (i32::from(level) * multiplier + 64) >> 7;
        let scales = self.scales();
        let value = |row: usize, place: usize| self.values[row][place] / scales[row].max(1e-30);
        let mut codes = vec![vec![0; self.places]; self.rows];
        let mut weights = vec![vec![0; self.places]; self.rows];
        let mut multipliers = vec![vec![0; self.places.div_ceil(8)]; self.rows.div_ceil(4)];
        for (first, multipliers) in (0..self.rows).step_by(4).zip(&mut multipliers) {
            for (start, multiplier) in (0..self.places).step_by(8).zip(multipliers) {
                let channels = first..self.rows.min(first + 4);
                let places =
                    channels.flat_map(|row| (start..self.places.min(start + 8)).map(move |place| (row, place)));
                let further = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
                let largest = places.clone().map(|(row, place)| value(row, place)).fold(0.0, further);
                *multiplier = (-largest * 128.0 / 127.0).round().clamp(-127.0, 127.0) as i32;
                for (row, place) in places {
                    let distance = |level: i8| (f64::from(expand(level, *multiplier)) - value(row, place)).abs();
                    let nearest = |a: &usize, b: &usize| distance(levels[*a]).total_cmp(&distance(levels[*b]));
                    let code = (0..levels.len()).min_by(nearest).expect("there are levels");
                    (codes[row][place], weights[row][place]) = (code, expand(levels[code], *multiplier));
                }
            }
        }
        Grouped { codes, multipliers, weights }
    }

    /// Data, scales and sums in a codebook format.
    fn codebook(&self, levels: usize) -> [Vec<u8>; 3] {
        let Grouped { codes, multipliers, weights } = self.grouped(levels);
        let code = |row: usize, place: usize| codes.get(row).and_then(|row| row.get(place)).copied().unwrap_or(0);
        let units = || (0..self.places.div_ceil(8)).map(|unit| 8 * unit);
        let mut data = Vec::new();
        for first in (0..self.rows).step_by(16) {
            for (place, byte) in units().flat_map(|place| (0..64).map(move |byte| (place, byte))) {
                let [low, high] = [0, 4].map(|half| code(first + byte / 4, place + half + byte % 4) & 15);
                data.push((low | high << 4) as u8);
            }
            for (place, channel) in units().flat_map(|place| (0..16).map(move |channel| (place, channel))) {
                let bit = |b: usize| (code(first + channel, place + b) >> 4) << b;
                if levels == 32 {
                    data.push((0..8).map(bit).sum::<usize>() as u8);
                }
            }
            for (place, quad) in units().flat_map(|place| (0..4).map(move |quad| (place, quad))) {
                data.push(multipliers.get(first / 4 + quad).map_or(0, |row| row[place / 8]) as i8 as u8);
            }
        }
        let [scales, sums] = self.channels(&weights, true);
        [data, scales, sums]
    }
}

/// Rows and places in the order of the blocked layout.
fn blocked(rows: usize, places: usize, step: usize) -> impl Iterator<Item = (usize, usize)> {
    let blocks =
        (0..rows.div_ceil(16)).flat_map(move |block| (0..places.div_ceil(step)).map(move |group| (block, group)));
    blocks.flat_map(move |(block, group)| {
        (0..16).flat_map(move |channel| (0..step).map(move |place| (block * 16 + channel, group * step + place)))
    })
}

/// The sums of all channels, padded.
fn sums(weights: &[Vec<i32>]) -> Vec<u8> {
    let mut bytes: Vec<u8> = weights.iter().flat_map(|row| row.iter().sum::<i32>().to_le_bytes()).collect();
    bytes.resize(aligned(bytes.len()), 0);
    bytes
}

fn activation_code(name: &str) -> u32 {
    let activation = match name {
        "gelu" | "gelu_python" => Activation::Gelu,
        "gelu_10" => Activation::Gelu10,
        "relu" => Activation::Relu,
        "relu2" => Activation::Relu2,
        "relu6" => Activation::Relu6,
        "leaky_relu" => Activation::LeakyRelu,
        "quick_gelu" => Activation::QuickGelu,
        "silu" | "swish" => Activation::Silu,
        "hardswish" => Activation::HardSwish,
        "mish" => Activation::Mish,
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        "linear" => Activation::Linear,
        "laplace" => Activation::Laplace,
        "sqrtsoftplus" => Activation::SqrtSoftplus,
        _ => Activation::GeluTanh,
    };
    activation as u32
}
