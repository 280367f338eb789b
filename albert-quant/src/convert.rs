//! From a checkpoint to a model file.

use std::num::NonZero;
use std::path::Path;

use albert_core::Model;
use albert_core::config::Precision;
use albert_core::tokenizer::Tokenizer;
use serde_json::json;

use crate::assemble::{Packer, build};
use crate::budget::{self, Budget, TOKENS};
use crate::bytes::ModelBytes;
use crate::calibrate::{self, Calibration};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Warning};
use crate::formats::{Format, Keep, Weights};
use crate::head::{HeadChoice, MlmBias};
use crate::network::{Kind, Network};
use crate::progress::{Course, Progress, Stage};
use crate::report::Report;
use crate::scheme::{Hessians, Scheme};
use crate::tokenizer::{self, Choices, CompileError, Vocabulary};

/// How to convert. Make one with [`Options::default`] and set its fields.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Options<'a> {
    /// The format of all matrices.
    pub weights: Weights,
    /// Exceptions. If several match a tensor, the last one counts.
    pub keep: &'a [Keep],
    /// Size of the layers' matrices. Their formats are chosen by the effect of each on the model's output. Matrices that match `keep`
    /// keep the format given there.
    pub budget: Option<Budget>,
    /// The head to convert.
    pub head: HeadChoice,
    /// Inputs that integer models are calibrated on: they decide which outlier channels get extra places in K, and weights are rounded
    /// so that their errors cancel on these inputs.
    pub calibration: Calibration<'a>,
    /// The checkpoint that an adapter is merged into; `None` for the one that the adapter names.
    pub base: Option<&'a Path>,
    /// The masked-LM bias to use if there are two.
    pub mlm_bias: MlmBias,
    /// Choices that the tokenizer's files leave open.
    pub tokenizer: &'a Choices,
    /// The pieces of the vocabulary to keep; `None` for all. The model is calibrated before pieces are left out, so a text whose pieces
    /// are all kept has the same logits.
    pub vocabulary: Option<Vocabulary<'a>>,
    /// Called with the progress of the work, on the calling thread.
    pub progress: &'a dyn Fn(Progress),
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            keep: &[],
            budget: None,
            head: HeadChoice::default(),
            calibration: Calibration::default(),
            base: None,
            mlm_bias: MlmBias::default(),
            tokenizer: Choices::NONE,
            vocabulary: None,
            progress: &|_| {},
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Options");
        debug
            .field("weights", &self.weights)
            .field("keep", &self.keep)
            .field("budget", &self.budget)
            .field("head", &self.head)
            .field("calibration", &self.calibration.name());
        debug.field("mlm_bias", &self.mlm_bias).finish_non_exhaustive()
    }
}

/// A model file, with warnings and a report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Converted {
    /// The bytes of the model file.
    pub bytes: ModelBytes,
    /// Warnings for the user.
    pub warnings: Vec<Warning>,
    /// Sizes and errors of each tensor.
    pub report: Report,
}

/// Limits the threads that conversions of this process use. Only the first call has an effect, and only before the first conversion.
pub fn limit_threads(threads: NonZero<usize>) {
    // An error says that the threads are there already.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
}

/// Converts a checkpoint directory, or the weights file of one, to a model file.
///
/// The bytes depend on the configuration, the weights, the tokenizer and the options only.
///
/// # Errors
/// [`Error`] says what is wrong: a file that cannot be read, an invalid configuration, a tensor that is missing or has the wrong shape
/// or element type, a weight that is not finite.
pub fn convert(checkpoint: &Path, options: &Options<'_>) -> Result<Converted, Error> {
    let mut warnings = Vec::new();
    let checkpoint = Checkpoint::open(checkpoint, options.base, &mut warnings)?;
    let source = match tokenizer::Source::read(&checkpoint.directory, options.tokenizer) {
        Ok(source) => Some(source),
        Err(CompileError::NoTokenizer { .. }) if options.tokenizer.directory.is_none() => {
            warnings.push(Warning::NoTokenizer);
            None
        }
        Err(error) => return Err(Error::Tokenizer(error)),
    };
    let compiled = source.as_ref().map(tokenizer::Source::compile).transpose().map_err(Error::Tokenizer)?;
    let (mut tokenizer, tokenizer_bytes) = match compiled {
        Some(compiled) => {
            warnings.extend(compiled.notes.into_iter().map(Warning::Tokenizer));
            (Some(compiled.bytes), compiled.source_bytes)
        }
        None => (None, 0),
    };
    let architecture = checkpoint.config.architecture.clone();
    let mut network = Network::from_checkpoint(checkpoint, options.head, options.mlm_bias, &mut warnings)?;
    if let Some(tokenizer) = &tokenizer {
        warnings.extend(check_vocabulary(tokenizer, network.config.vocab_size)?);
    }
    let mut provenance = json!({ "architecture": architecture });
    provenance["weights"] = json!(options.weights.name());
    let mut scheme = Scheme::new(&network, options.weights, options.keep)?;
    if options.budget.is_some() && !(scheme.is_integer() && options.calibration != Calibration::None) {
        return Err(Error::BudgetNeedsCalibration);
    }
    let mut packer = Packer::new(Hessians::new());
    let mut course = Course::new(options.progress);
    if scheme.is_integer() {
        provenance["calibration"] = json!(options.calibration.name());
        if options.calibration == Calibration::BuiltIn && tokenizer.is_none() {
            warnings.push(Warning::RandomCalibration);
        }
        if options.calibration != Calibration::None {
            (packer, course) = calibrate(&mut network, &mut scheme, tokenizer.as_deref(), options, &mut warnings)?;
        }
    }
    let mut pruned = None;
    if let Some(wanted) = &options.vocabulary {
        let source = source.ok_or(Error::VocabularyNeedsTokenizer)?;
        let keep: Vec<String> = wanted.keep.iter().chain(&network.labels).cloned().collect();
        let wanted = Vocabulary { keep: &keep, ..*wanted };
        let (source, ids, report) = source.prune(&wanted).map_err(Error::Tokenizer)?;
        if let Some(&id) = ids.iter().find(|&&id| id >= network.config.vocab_size) {
            return Err(Error::TokenizerTooLarge { tokens: id as usize + 1, vocab_size: network.config.vocab_size });
        }
        network.keep_vocabulary(&ids);
        tokenizer = Some(source.compile().map_err(Error::Tokenizer)?.bytes);
        pruned = Some(report);
    }
    let (bytes, mut report) = build(&network, tokenizer.as_deref(), provenance, &scheme, &mut packer, &course)?;
    report.tokenizer_bytes = tokenizer_bytes;
    report.vocabulary = pruned;
    Ok(Converted { bytes, warnings, report })
}

/// Refuses a tokenizer whose pieces the network has no embeddings for.
fn check_vocabulary(section: &[u8], vocab_size: u32) -> Result<Option<Warning>, Error> {
    let section = tokenizer::aligned(section);
    let tokenizer = Tokenizer::parse(bytemuck::cast_slice(&section)).map_err(CompileError::Section);
    let tokenizer = tokenizer.map_err(Error::Tokenizer)?;
    let beyond = || (vocab_size..tokenizer.id_end()).filter(|&id| tokenizer.id_to_token(id).is_some());
    let mut template = [0; albert_core::tokenizer::section::MAX_TEMPLATE];
    let count = tokenizer.build_inputs(&[], Some(&[]), &mut template).unwrap_or(0);
    let needed = template[..count].iter().any(|&id| id >= vocab_size);
    if needed || beyond().any(|id| tokenizer.piece(id).is_some()) {
        return Err(Error::TokenizerTooLarge { tokens: tokenizer.id_end() as usize, vocab_size });
    }
    let tokens: Vec<String> = beyond().filter_map(|id| tokenizer.id_to_token(id)).map(str::to_owned).collect();
    Ok((!tokens.is_empty()).then_some(Warning::TokensBeyondVocabulary { tokens, vocab_size }))
}

/// A warning when the tokenizer knows less than half of the text that a model is calibrated on.
fn unknown(calibration: Calibration<'_>, file: &ModelBytes, sample: &[Vec<u32>]) -> Result<Option<Warning>, Error> {
    if matches!(calibration, Calibration::Ids(_) | Calibration::None) {
        return Ok(None);
    }
    let model = Model::from_bytes(file).map_err(Error::Model)?;
    let Some(unk) = model.tokenizer().and_then(|tokenizer| tokenizer.unk()) else { return Ok(None) };
    let tokens: usize = sample.iter().map(Vec::len).sum();
    let unknown = sample.iter().flatten().filter(|&&id| id == unk).count();
    // Every input has its special tokens, which are known.
    let text = tokens.saturating_sub(2 * sample.len());
    Ok((unknown * 2 > text).then_some(Warning::UnknownCalibration { unknown, tokens: text }))
}

/// What the stages take on a sample.
fn course<'p>(options: &Options<'p>, network: &Network, scheme: &Scheme, sample: &[Vec<u32>]) -> Course<'p> {
    let tokens = sample.iter().map(Vec::len).sum();
    let mut costs = calibrate::costs(network, tokens, &scheme.formats);
    if options.budget.is_some() {
        // Every matrix in two more formats, each run on a part of the sample; then all of them once more.
        let matrices = network.parameters.iter().filter(|parameter| parameter.kind == Kind::Linear).count();
        costs.sensitivity = costs.means * (2 * matrices * TOKENS) as f64 / (4 * tokens.max(1)) as f64;
        costs.quantize = 0.0;
    }
    Course::of(options.progress, costs)
}

/// Moves biases by the means of activations in f32; finds outlier channels and gives them OCS places; finds the Hessians in int8
/// with these places; chooses formats when there is a budget.
fn calibrate<'p>(
    network: &mut Network,
    scheme: &mut Scheme,
    tokenizer: Option<&[u8]>,
    options: &Options<'p>,
    warnings: &mut Vec<Warning>,
) -> Result<(Packer, Course<'p>), Error> {
    let model = |network: &Network, scheme: &Scheme, tokenizer| {
        let mut nearest = Packer::new(Hessians::new());
        build(network, tokenizer, json!({}), scheme, &mut nearest, &Course::new(&|_| {})).map(|(bytes, _)| bytes)
    };
    let float = model(network, &scheme.uniform(Precision::Float, Format::Fp32), tokenizer)?;
    let sample = calibrate::sample::ids(options.calibration, &float)?;
    warnings.extend(unknown(options.calibration, &float, &sample)?);
    let course = course(options, network, scheme, &sample);
    let tokens = |inputs: &[Vec<u32>]| inputs.iter().map(Vec::len).sum::<usize>() as f64;
    let (total, all) = (sample.len(), tokens(&sample));
    let counter = |stage| {
        let (course, sample) = (&course, &sample);
        move |done: usize| course.show(stage, done, total, tokens(&sample[..done]) / all)
    };
    let means = calibrate::find_means(network, &float, &sample, &mut counter(Stage::Means));
    drop(float);
    let moved = calibrate::center(network, &means);
    let float = model(network, &scheme.uniform(Precision::Float, Format::Fp32), None)?;
    let peaks = calibrate::find_peaks(network, &float, &sample, &mut counter(Stage::Outliers));
    drop(float);
    scheme.split(network, &peaks);
    drop(peaks);
    let integer = model(network, &scheme.uniform(Precision::Int8, Format::Int8), None)?;
    let hessians =
        calibrate::find_hessians(network, &integer, &scheme.splits, &moved, &sample, &mut counter(Stage::Hessians));
    let mut packer = Packer::new(hessians);
    if let Some(budget) = options.budget {
        budget::spend(budget, network, scheme, &mut packer, &sample, options.keep, &course)?;
    }
    Ok((packer, course))
}
