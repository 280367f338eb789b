//! From a checkpoint to a model file.

use std::path::Path;

use albert_core::config::{Config, Precision};
use albert_core::format::layout::dtype;
use serde_json::json;

use crate::bytes::ModelBytes;
use crate::calibrate::{self, Calibration, Hessian, Site, Sites};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Warning};
use crate::head::HeadChoice;
use crate::network::{Kind, Network, Parameter};
use crate::quantize::{self, Feedback};
use crate::report::{Report, TensorReport};
use crate::tokenizer::{self, CompileError};
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
    /// Running the network on the sample to find outlier channels; units are inputs.
    Outliers,
    /// Running the network on the sample to find the Hessians; units are inputs.
    Hessians,
    /// Rounding and writing; units are tensors.
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
    /// What int8 models are calibrated on: outlier channels get extra slots, and weights are rounded so that their errors
    /// make up for each other on these inputs.
    pub calibration: Calibration<'a>,
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
            calibration: Calibration::default(),
            mlm_bias: MlmBias::default(),
            progress: &|_| {},
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Options");
        debug.field("weights", &self.weights).field("head", &self.head).field("calibration", &self.calibration.name());
        debug.field("mlm_bias", &self.mlm_bias).finish_non_exhaustive()
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
    let tokenizer = match tokenizer::compile_directory(&checkpoint.directory) {
        Ok(compiled) => Some(compiled),
        Err(CompileError::NoTokenizer { .. }) => {
            warnings.push(Warning::NoTokenizer);
            None
        }
        Err(error) => return Err(Error::Tokenizer(error)),
    };
    let (tokenizer, tokenizer_bytes) = match tokenizer {
        Some(compiled) => (Some(compiled.bytes), compiled.source_bytes),
        None => (None, 0),
    };
    let architecture = checkpoint.config.architecture.clone();
    let network = Network::from_checkpoint(checkpoint, options.head, options.mlm_bias, &mut warnings)?;
    let mut provenance = json!({ "architecture": architecture });
    let mut scheme = Scheme::nearest(options.weights);
    if options.weights == Weights::Int8 {
        provenance["calibration"] = json!(options.calibration.name());
        if options.calibration != Calibration::None {
            scheme = calibrated(&network, tokenizer.as_deref(), options)?;
        }
    }
    let (bytes, mut report) = build(&network, tokenizer.as_deref(), provenance, scheme, options.progress)?;
    report.tokenizer_bytes = tokenizer_bytes;
    Ok(Converted { bytes, warnings, report })
}

/// How a network's matrices are stored.
pub(crate) struct Scheme {
    pub(crate) weights: Weights,
    /// Channel of each extra slot; sites that are not here have none.
    pub(crate) splits: Sites<Vec<u32>>,
    /// By which weights are rounded; to nearest at sites that are not here.
    pub(crate) hessians: Sites<Hessian>,
}

impl Scheme {
    /// No extra slots, weights rounded to nearest.
    pub(crate) fn nearest(weights: Weights) -> Self {
        Self { weights, splits: Sites::new(), hessians: Sites::new() }
    }
}

/// Calibrates an int8 scheme: outlier channels found in f32, Hessians in int8 with their extra slots.
fn calibrated(network: &Network, tokenizer: Option<&[u8]>, options: &Options<'_>) -> Result<Scheme, Error> {
    let quiet = |_| {};
    let model = |tokenizer, scheme| build(network, tokenizer, json!({}), scheme, &quiet).map(|(bytes, _)| bytes);
    let float = model(tokenizer, Scheme::nearest(Weights::Fp32))?;
    let sample = calibrate::sample::ids(options.calibration, &float)?;
    let counter = |stage| {
        let total = sample.len();
        move |done| (options.progress)(Progress { stage, done, total })
    };
    let splits = calibrate::find_splits(network, &float, &sample, &mut counter(Stage::Outliers));
    drop(float);
    let scheme = Scheme { weights: Weights::Int8, splits: splits.clone(), hessians: Sites::new() };
    let integer = model(None, scheme)?;
    let hessians = calibrate::find_hessians(network, &integer, &splits, &sample, &mut counter(Stage::Hessians));
    Ok(Scheme { weights: Weights::Int8, splits, hessians })
}

/// Quantizes a network and writes its file. `provenance` is what is known about where it comes from, a JSON object.
pub(crate) fn build(
    network: &Network,
    tokenizer: Option<&[u8]>,
    mut provenance: serde_json::Value,
    mut scheme: Scheme,
    progress: &dyn Fn(Progress),
) -> Result<(ModelBytes, Report), Error> {
    let Network { config, groups, labels, parameters } = network;
    provenance["generator"] = json!(concat!("albert-quant ", env!("CARGO_PKG_VERSION")));
    provenance["weights"] = json!(scheme.weights.name());
    let plans: Vec<TensorPlan> = parameters.iter().map(|parameter| plan(parameter, &scheme)).collect();
    let max_extra_slots = plans.iter().map(|plan| plan.splits.len() as u32).max().unwrap_or(0);
    let config = Config { precision: scheme.weights.precision(), max_extra_slots, ..*config };
    let provenance = provenance.to_string();
    let sections = Sections { config: &config, groups, labels, tokenizer, provenance: &provenance };
    let mut writer = Writer::new(&sections, plans);
    let mut report = Report::default();
    let mut rounding = Rounding::default();
    for (index, parameter) in parameters.iter().enumerate() {
        let feedback = rounding.of(parameter, &mut scheme);
        let region = writer.region(index);
        let (dtype, extra_slots) = (dtype_name(region.dtype), region.splits.len());
        let fidelity = quantize::pack(parameter, region, feedback)?;
        let checkpoint_bytes = parameter.source.bytes();
        report.checkpoint_bytes += checkpoint_bytes as u64;
        report.tensors.push(TensorReport {
            name: parameter.name.clone(),
            dtype,
            rows: parameter.rows,
            columns: parameter.columns,
            extra_slots,
            bytes: writer.bytes(index),
            checkpoint_bytes,
            relative_error: fidelity.relative_error(),
        });
        progress(Progress { stage: Stage::Quantize, done: index + 1, total: parameters.len() });
    }
    let bytes = writer.finish();
    report.model_bytes = bytes.len() as u64;
    Ok((bytes, report))
}

/// The feedback of the site at hand. Sites come one after the other, so that one is kept at a time; its Hessian is dropped.
#[derive(Default)]
struct Rounding {
    site: Option<Site>,
    feedback: Option<Feedback>,
}

impl Rounding {
    fn of(&mut self, parameter: &Parameter, scheme: &mut Scheme) -> Option<&Feedback> {
        let site = Site::of(parameter)?;
        if self.site != Some(site) {
            self.site = Some(site);
            self.feedback = scheme.hessians.remove(&site).and_then(|hessian| Feedback::new(&hessian));
        }
        self.feedback.as_ref()
    }
}

fn plan(parameter: &Parameter, scheme: &Scheme) -> TensorPlan {
    let vector = parameter.kind == Kind::Vector;
    let splits = Site::of(parameter).and_then(|site| scheme.splits.get(&site));
    TensorPlan {
        role: parameter.role,
        block: parameter.block,
        dtype: if vector { dtype::F32 } else { scheme.weights.dtype() },
        vector,
        rows: parameter.rows,
        columns: parameter.columns,
        splits: splits.cloned().unwrap_or_default(),
    }
}

fn dtype_name(code: u8) -> &'static str {
    match code {
        dtype::F16 => "f16",
        dtype::I8 => "int8",
        _ => "f32",
    }
}
