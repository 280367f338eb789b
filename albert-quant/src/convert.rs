//! From a checkpoint to a model file.

use std::path::Path;

use albert_core::config::{Config, Precision};
use albert_core::format::layout::dtype;
use serde_json::json;

use crate::bytes::ModelBytes;
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Warning};
use crate::head::HeadChoice;
use crate::network::{Kind, Network, Parameter};
use crate::quantize;
use crate::report::{Report, TensorReport};
use crate::writer::{Sections, TensorPlan, Writer};

/// Numbers that the matrices are stored in. Biases and layer norms are f32 in every model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// int8 with a scale per output channel; activations are int8 too.
    #[default]
    Int8,
    /// binary16; activations are f32.
    Fp16,
    /// f32.
    Fp32,
}

impl Weights {
    /// The name that `--weights` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Fp16 => "fp16",
            Self::Fp32 => "fp32",
        }
    }

    fn dtype(self) -> u8 {
        match self {
            Self::Int8 => dtype::I8,
            Self::Fp16 => dtype::F16,
            Self::Fp32 => dtype::F32,
        }
    }

    fn precision(self) -> Precision {
        match self {
            Self::Int8 => Precision::Int8,
            Self::Fp16 | Self::Fp32 => Precision::Float,
        }
    }
}

/// The masked-LM bias, in checkpoints that have two different ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MlmBias {
    /// `predictions.decoder.bias`, as the reference library has it since version 3.
    #[default]
    Decoder,
    /// `predictions.bias`.
    Predictions,
    /// Their sum, as transformers 2 computed it.
    Sum,
}

impl MlmBias {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Decoder => "predictions.decoder.bias",
            Self::Predictions => "predictions.bias",
            Self::Sum => "their sum",
        }
    }
}

/// A piece of long work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Rounding and writing tensors.
    Quantize,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Units done.
    pub done: usize,
    /// Units in all.
    pub total: usize,
}

/// How to convert. Make one with [`Options::default`] and set its fields.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Options<'a> {
    /// Numbers that the matrices are stored in.
    pub weights: Weights,
    /// Which head to convert.
    pub head: HeadChoice,
    /// Which masked-LM bias counts when there are two.
    pub mlm_bias: MlmBias,
    /// Called on the calling thread as work goes on.
    pub progress: &'a dyn Fn(Progress),
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            head: HeadChoice::default(),
            mlm_bias: MlmBias::default(),
            progress: &|_| {},
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { weights, head, mlm_bias, progress: _ } = self;
        let mut debug = f.debug_struct("Options");
        debug.field("weights", weights).field("head", head).field("mlm_bias", mlm_bias).finish_non_exhaustive()
    }
}

/// A model file and what there is to say about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Converted {
    /// The file.
    pub bytes: ModelBytes,
    /// What a user should know.
    pub warnings: Vec<Warning>,
    /// Sizes and errors, tensor by tensor.
    pub report: Report,
}

/// Converts a checkpoint directory, or the weights file of one, to a model file.
///
/// The bytes depend on the configuration, the weights, the tokenizer and the options alone.
///
/// # Errors
/// [`Error`] naming what is wrong: a file that cannot be read, a configuration that makes no sense, a tensor that is missing
/// or has the wrong shape or element type, a weight that is not finite.
pub fn convert(checkpoint: &Path, options: &Options<'_>) -> Result<Converted, Error> {
    let mut warnings = Vec::new();
    let checkpoint = Checkpoint::open(checkpoint, &mut warnings)?;
    let tokenizer = None;
    warnings.push(Warning::NoTokenizer);
    let architecture = checkpoint.config.architecture.clone();
    let network = Network::from_checkpoint(checkpoint, options.head, options.mlm_bias, &mut warnings)?;
    let provenance = json!({ "architecture": architecture });
    let mut converted = build(network, tokenizer, provenance, options)?;
    converted.warnings = warnings;
    Ok(converted)
}

/// Quantizes a network and writes its file. `provenance` is what is known about where it comes from, a JSON object.
pub(crate) fn build(
    network: Network,
    tokenizer: Option<Vec<u8>>,
    mut provenance: serde_json::Value,
    options: &Options<'_>,
) -> Result<Converted, Error> {
    let Network { config, groups, labels, parameters } = network;
    let weights = options.weights;
    provenance["generator"] = json!(concat!("albert-quant ", env!("CARGO_PKG_VERSION")));
    provenance["weights"] = json!(weights.name());
    let config = Config { precision: weights.precision(), ..config };
    let plans = parameters.iter().map(|parameter| plan(parameter, weights)).collect();
    let sections = Sections {
        config: &config,
        groups: &groups,
        labels: &labels,
        tokenizer: tokenizer.as_deref(),
        provenance: &provenance.to_string(),
    };
    let mut writer = Writer::new(&sections, plans);
    let mut report = Report::default();
    for (index, parameter) in parameters.iter().enumerate() {
        let region = writer.region(index);
        let (dtype, extra_slots) = (dtype_name(region.dtype), region.splits.len());
        let fidelity = quantize::pack(parameter, region)?;
        report.checkpoint_bytes += parameter.source.bytes() as u64;
        report.tensors.push(TensorReport {
            name: parameter.name.clone(),
            dtype,
            rows: parameter.rows,
            columns: parameter.columns,
            extra_slots,
            bytes: writer.bytes(index),
            relative_error: fidelity.relative_error(),
        });
        (options.progress)(Progress { stage: Stage::Quantize, done: index + 1, total: parameters.len() });
    }
    let bytes = writer.finish();
    report.model_bytes = bytes.len() as u64;
    Ok(Converted { bytes, warnings: Vec::new(), report })
}

fn plan(parameter: &Parameter, weights: Weights) -> TensorPlan {
    let vector = parameter.kind == Kind::Vector;
    TensorPlan {
        role: parameter.role,
        block: parameter.block,
        dtype: if vector { dtype::F32 } else { weights.dtype() },
        vector,
        rows: parameter.rows,
        columns: parameter.columns,
        splits: Vec::new(),
    }
}

fn dtype_name(code: u8) -> &'static str {
    match code {
        dtype::F16 => "f16",
        dtype::I8 => "int8",
        _ => "f32",
    }
}
