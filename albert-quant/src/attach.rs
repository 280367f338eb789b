//! Classifiers for encoders that are model files already: a file with another head, or a head file.

use std::borrow::Cow;

use albert_core::Model;
use albert_core::config::{Classifier, Head, Pooling, Precision, ProblemType};
use albert_core::format::layout::{
    ALIGNMENT, HEAD_BYTES, HEAD_MAGIC, HEAD_VERSION, MAGIC, PANEL_CHANNELS, SECTION_REQUIRED, TABLE_HEADER_BYTES,
    TENSOR_BYTES, VERSION, dtype, field, head_field, matrix_bytes, role, round_up, scale_bytes, section,
};
use serde_json::{Value, json};

use crate::bytes::ModelBytes;
use crate::container::{Section, assemble, put, seal};
use crate::encoder_hash::encoder_hash;
use crate::error::Error;
use crate::network::{Kind, Parameter, Source};
use crate::quantize::{self, Feedback};
use crate::sections::label_section;
use crate::writer::Region;

/// A classifier of whole inputs.
#[derive(Clone, Debug)]
pub struct ClassifierWeights<'a> {
    /// What it reads, and how its logits become scores.
    pub classifier: Classifier,
    /// Names of the labels.
    pub labels: &'a [String],
    /// `[labels][width]`.
    pub weights: &'a [f32],
    /// `[labels]`.
    pub bias: &'a [f32],
    /// Whether the weights are stored in int8. Otherwise, and always with a float encoder, they are f32.
    pub int8: bool,
    /// Provenance: a JSON object.
    pub provenance: Value,
}

/// Why a classifier does not fit an encoder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The numbers of weights, biases and names do not match.
    #[error(
        "the classifier has {weights} weights, {bias} biases and {names} names for {labels} labels of width {width}"
    )]
    Shape {
        /// Weights given.
        weights: usize,
        /// Biases given.
        bias: usize,
        /// Names given.
        names: usize,
        /// Labels stated.
        labels: usize,
        /// Width of the encoder's hidden states.
        width: usize,
    },
    /// The classifier reads the pooler, and the encoder has none.
    #[error("the classifier reads the pooler, and the encoder has none")]
    NoPooler,
    /// Temperature or threshold are out of range.
    #[error("temperature {temperature} or threshold {threshold} is impossible")]
    Calibration {
        /// Temperature given.
        temperature: f32,
        /// Threshold given.
        threshold: f32,
    },
    /// A weight is not finite.
    #[error(transparent)]
    Weights(#[from] Error),
}

/// The model file of an encoder with this classifier in place of its own head.
///
/// The encoder's tensors, tokenizer and hash stay the same. A signature is dropped.
///
/// # Errors
/// [`AttachError`].
pub fn attach(encoder: &Model<'_>, head: &ClassifierWeights<'_>) -> Result<ModelBytes, AttachError> {
    let own = tensors(encoder, head)?;
    let Classifier { num_labels, problem_type, pooling, temperature, threshold } = head.classifier;
    let fields = [
        (field::HEAD, Head::SequenceClassification as u32),
        (field::NUM_LABELS, num_labels),
        (field::PROBLEM_TYPE, problem_type as u32),
        (field::POOLING, pooling as u32),
        (field::TEMPERATURE, temperature.to_bits()),
        (field::THRESHOLD, threshold.to_bits()),
    ];
    let labels = Some(label_section(head.labels));
    let provenance = json!({ "encoder": provenance(encoder), "classifier": head.provenance, "generator": GENERATOR });
    Ok(with_head(encoder, &fields, own, labels, &provenance))
}

/// The model file of an encoder without its head. The pooler stays.
pub fn without_head(model: &Model<'_>) -> ModelBytes {
    let fields = [
        (field::HEAD, Head::None as u32),
        (field::NUM_LABELS, 0),
        (field::PROBLEM_TYPE, ProblemType::SingleLabel as u32),
        (field::POOLING, Pooling::Pooler as u32),
        (field::TEMPERATURE, 1f32.to_bits()),
        (field::THRESHOLD, 0),
    ];
    with_head(model, &fields, Vec::new(), None, &provenance(model))
}

/// The head file of a classifier, for devices that already have the encoder.
///
/// # Errors
/// [`AttachError`].
pub fn head_file(encoder: &Model<'_>, head: &ClassifierWeights<'_>) -> Result<ModelBytes, AttachError> {
    let own = tensors(encoder, head)?;
    let Classifier { num_labels, problem_type, pooling, temperature, threshold } = head.classifier;
    let fields = [
        (head_field::WIDTH, encoder.config().hidden_size),
        (head_field::NUM_LABELS, num_labels),
        (head_field::PROBLEM_TYPE, problem_type as u32),
        (head_field::POOLING, pooling as u32),
        (head_field::TEMPERATURE, temperature.to_bits()),
        (head_field::THRESHOLD, threshold.to_bits()),
    ];
    let mut describing = vec![0; HEAD_BYTES];
    fields.iter().for_each(|(at, word)| put(&mut describing, *at, &word.to_le_bytes()));
    put(&mut describing, head_field::ENCODER_HASH, encoder.encoder_hash());
    let (table, data) = lay_out(&own);
    let provenance = json!({ "classifier": head.provenance, "generator": GENERATOR }).to_string();
    let sections = [
        (section::HEAD, SECTION_REQUIRED, describing),
        (section::TENSORS, SECTION_REQUIRED, table),
        (section::LABELS, 0, label_section(head.labels)),
        (section::PROVENANCE, 0, provenance.into_bytes()),
        (section::DATA, SECTION_REQUIRED, data),
    ];
    let mut file = assemble(HEAD_MAGIC, HEAD_VERSION, &sections);
    seal(&mut file);
    Ok(file)
}

pub(crate) const GENERATOR: &str = concat!("albert-quant ", env!("CARGO_PKG_VERSION"));

fn provenance(model: &Model<'_>) -> Value {
    serde_json::from_str(model.provenance()).unwrap_or(Value::Null)
}

/// A tensor: the first 20 bytes of its record, and its parts.
pub(crate) struct Piece<'a> {
    role: u16,
    record: Vec<u8>,
    parts: [Cow<'a, [u8]>; 5],
}

/// Whether a tensor stays when a head goes.
fn stays(role: u16) -> bool {
    role < role::POOLER
        || matches!(role, role::POOLER | role::POOLER_BIAS | role::SENTENCE_DENSE | role::SENTENCE_DENSE_BIAS)
}

fn with_head(
    model: &Model<'_>,
    fields: &[(usize, u32)],
    own: Vec<Piece<'_>>,
    labels: Option<Vec<u8>>,
    provenance: &Value,
) -> ModelBytes {
    let content = |kind: u32| model.section(kind).map(<[u8]>::to_vec);
    let table = model.section(section::TENSORS).unwrap_or(&[]);
    let records = table.get(TABLE_HEADER_BYTES..).unwrap_or(&[]).chunks_exact(TENSOR_BYTES);
    let kept = model.tensors().zip(records).filter(|(record, _)| stays(record.role));
    let kept = kept.map(|(record, bytes)| Piece {
        role: record.role,
        record: bytes[..RECORD_HEAD].to_vec(),
        parts: model.parts(&record).map(Cow::Borrowed),
    });
    let mut pieces: Vec<Piece<'_>> = kept.chain(own).collect();
    pieces.sort_by_key(|piece| if piece.role < role::POOLER { 0 } else { piece.role });
    let (table, data) = lay_out(&pieces);
    let mut config = content(section::CONFIG).unwrap_or_default();
    fields.iter().for_each(|(at, word)| put(&mut config, *at, &word.to_le_bytes()));
    let mut sections: Vec<Section> =
        vec![(section::CONFIG, SECTION_REQUIRED, config), (section::TENSORS, SECTION_REQUIRED, table)];
    sections.extend(labels.map(|labels| (section::LABELS, 0, labels)));
    for kind in [section::TOKENIZER, section::PROMPTS] {
        sections.extend(content(kind).map(|content| (kind, 0, content)));
    }
    sections.push((section::PROVENANCE, 0, provenance.to_string().into_bytes()));
    sections.push((section::DATA, SECTION_REQUIRED, data));
    let mut file = assemble(MAGIC, VERSION, &sections);
    debug_assert!(Model::from_bytes(&file).is_ok_and(|made| encoder_hash(&made) == *model.encoder_hash()));
    seal(&mut file);
    file
}

/// Bytes of a record that say what the tensor is; offsets follow.
const RECORD_HEAD: usize = 20;

/// The sections of records and data.
pub(crate) fn lay_out(pieces: &[Piece<'_>]) -> (Vec<u8>, Vec<u8>) {
    let mut table = (pieces.len() as u32).to_le_bytes().to_vec();
    table.resize(TABLE_HEADER_BYTES, 0);
    let mut data = Vec::new();
    // Key and value have the query's split list and smoothing vector.
    let mut query = [0; 2];
    for piece in pieces {
        let shares = matches!(piece.role, role::KEY | role::VALUE);
        let mut offsets = [0u64; 5];
        for (index, (part, offset)) in piece.parts.iter().zip(&mut offsets).enumerate() {
            if shares && index >= 3 {
                *offset = query[index - 3];
            } else if !part.is_empty() {
                data.resize(round_up(data.len(), ALIGNMENT), 0);
                *offset = data.len() as u64;
                data.extend_from_slice(part);
            }
        }
        if piece.role == role::QUERY {
            query = [offsets[3], offsets[4]];
        }
        table.extend(&piece.record);
        table.extend([0; 4]);
        table.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
    }
    (table, data)
}

/// The two tensors of a classifier.
fn tensors(encoder: &Model<'_>, head: &ClassifierWeights<'_>) -> Result<Vec<Piece<'static>>, AttachError> {
    let config = encoder.config();
    let (labels, width) = (head.classifier.num_labels as usize, config.hidden_size as usize);
    let ClassifierWeights { weights, bias, labels: names, .. } = head;
    if labels == 0 || weights.len() != labels * width || bias.len() != labels || names.len() != labels {
        let (weights, bias, names) = (weights.len(), bias.len(), names.len());
        return Err(AttachError::Shape { weights, bias, names, labels, width });
    }
    if head.classifier.pooling == Pooling::Pooler && !config.pooler {
        return Err(AttachError::NoPooler);
    }
    let Classifier { temperature, threshold, .. } = head.classifier;
    if !(temperature.is_normal() && temperature > 0.0 && (0.0..=1.0).contains(&threshold)) {
        return Err(AttachError::Calibration { temperature, threshold });
    }
    let parameter = |role: u16, kind, rows, columns, values: &[f32]| Parameter {
        name: if kind == Kind::Vector { "classifier.bias" } else { "classifier.weight" }.to_owned(),
        role,
        block: 0,
        kind,
        rows,
        columns,
        source: Source::Values(values.to_vec()),
    };
    let matrix = parameter(role::CLASSIFIER, Kind::Linear, labels, width, weights);
    let vector = parameter(role::CLASSIFIER_BIAS, Kind::Vector, 1, labels, bias);
    let integer = head.int8 && encoder.config().precision == Precision::Int8;
    let code = if integer { dtype::I8 } else { dtype::F32 };
    Ok(vec![piece(&matrix, code)?, piece(&vector, dtype::F32)?])
}

/// Stores a parameter.
pub(crate) fn piece(parameter: &Parameter, code: u8) -> Result<Piece<'static>, Error> {
    let (rows, columns) = (parameter.rows, parameter.columns);
    let padded = round_up(rows, PANEL_CHANNELS);
    let integer = code == dtype::I8;
    let bytes = match parameter.kind {
        Kind::Vector => 4 * round_up(columns, PANEL_CHANNELS),
        _ => matrix_bytes(code, rows, columns).unwrap_or(0),
    };
    let mut data = vec![0; bytes];
    let mut scales = vec![0; if integer { scale_bytes(false, rows) } else { 0 }];
    let mut sums = vec![0i32; if integer { padded } else { 0 }];
    let region = Region { dtype: code, data: &mut data, scales: &mut scales, sums: &mut sums, splits: &[] };
    quantize::pack(parameter, region, &Feedback::none())?;
    let mut record = vec![0; RECORD_HEAD];
    put(&mut record, 0, &parameter.role.to_le_bytes());
    put(&mut record, 4, &[code]);
    put(&mut record, 8, &(rows as u32).to_le_bytes());
    put(&mut record, 12, &(columns as u32).to_le_bytes());
    let sums = bytemuck::cast_slice(&sums).to_vec();
    let parts = [data, scales, sums, Vec::new(), Vec::new()].map(Cow::Owned);
    Ok(Piece { role: parameter.role, record, parts })
}
