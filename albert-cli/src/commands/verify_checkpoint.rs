//! `albert verify-checkpoint`: a model file against its checkpoint, which runs in transformers.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use albert_core::Config;
use albert_core::config::{Head, Precision};
use albert_edge::Model;
use albert_report::sample::{Input, Sample};
use serde::{Deserialize, Serialize};

use super::validate::{self, Report};
use super::{measures, quantize};
use crate::args::{Columns, Isa, Validate, VerifyCheckpoint};
use crate::console::Console;
use crate::error::{At, Error, Outcome, Result};
use crate::explain::open_verified;
use crate::output::Output;

/// What runs the checkpoint.
const SCRIPT: &str = include_str!("verify_checkpoint/reference.py");
/// Most bytes of an output in the reference.
const MOST_BYTES: usize = 256 << 20;
/// Choices that the built-in inputs are grouped to for a model of multiple choice.
const CHOICES: usize = 2;

/// What the script reads.
#[derive(Serialize)]
struct Request<'r> {
    checkpoint: &'r Path,
    class: &'static str,
    choices: usize,
    pooler: bool,
    /// What the class calls `logits`, where that is not its name in reference files.
    vocabulary_logits: Option<&'static str>,
    max_tokens: usize,
    rows: Vec<RequestRow<'r>>,
    output: &'r Path,
}

#[derive(Serialize)]
struct RequestRow<'r> {
    ids: &'r [u32],
    token_types: &'r [u32],
    text: &'r str,
    pair: Option<&'r str>,
}

impl<'r> RequestRow<'r> {
    fn of(input: &'r Input) -> Self {
        Self { ids: &input.ids, token_types: &input.token_types, text: &input.text, pair: input.pair.as_deref() }
    }
}

/// What it prints.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    missing: Option<String>,
    error: Option<String>,
    torch: String,
    transformers: String,
    tokenization: Option<Tokenization>,
    /// Why transformers has no tokenizer.
    tokenizer_error: Option<String>,
}

/// Texts, and how many of them have the same tokens in both.
#[derive(Debug, Deserialize, Serialize)]
struct Tokenization {
    texts: usize,
    same: usize,
    /// The first one that has not.
    first: Option<Difference>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Difference {
    text: String,
    ids: Vec<u32>,
    model_ids: Vec<u32>,
}

#[derive(Serialize)]
struct Verdict<'v> {
    torch: &'v str,
    transformers: &'v str,
    rows: usize,
    tokenization: Option<&'v Tokenization>,
    tokenizer_error: Option<&'v str>,
    outputs: &'v validate::Outputs,
    passed: bool,
}

pub(super) fn run(args: &VerifyCheckpoint) -> Result<Outcome> {
    let checkpoint = quantize::locate(&args.checkpoint, args.revision.as_deref())?;
    if albert_quant::adapter_base(&checkpoint).map_err(Error::new)?.is_some() {
        return Err(Error::new(format_args!(
            "{} is an adapter; merge it into its base with peft, save that, and give the saved folder",
            args.checkpoint.display()
        )));
    }
    let folder = if checkpoint.is_dir() { checkpoint.as_path() } else { checkpoint.parent().unwrap_or(&checkpoint) };
    let kept =
        args.reference.as_deref().map(|path| Output::beside_checkpoint(path, &[&args.model], folder)).transpose()?;
    let model = open_verified(&args.model)?;
    let config = *model.config();
    let inputs = inputs(args, &model, &config)?;
    let temporary = tempfile::tempdir().at("no temporary folder can be made")?;
    let reference = temporary.path().join("reference.safetensors");
    let request = Request {
        checkpoint: folder,
        class: class(config.head),
        choices: if config.head == Head::MultipleChoice { CHOICES } else { 1 },
        pooler: config.pooler && config.head == Head::None,
        vocabulary_logits: (config.head == Head::MaskedLm).then_some("prediction_logits"),
        max_tokens: limit(&model),
        rows: inputs.iter().map(RequestRow::of).collect(),
        output: &reference,
    };
    let answer = ask(args.python.as_deref(), temporary.path(), &request)?;
    if let Some(file) = &kept {
        file.write(&fs::read(&reference).at("cannot read the reference")?)?;
    }
    let (max_abs, min_agreement) = (args.max_abs, args.min_agreement);
    let bound = args.min_cosine.unwrap_or_else(|| smallest_cosine(&config));
    let validated = validate::check(&Validate {
        model: args.model.clone(),
        reference,
        max_abs,
        min_cosine: Some(bound),
        min_agreement,
        dump: None,
        plot: None,
        isa: Isa { kernels: args.isa.kernels },
        json: args.json,
    })?;
    let same = answer.tokenization.as_ref().is_none_or(|tokens| tokens.same == tokens.texts);
    let passed = validated.passed && same;
    print(args, &answer, &validated, inputs.len(), bound, passed)?;
    Ok(if passed { Outcome::Passed } else { Outcome::Missed })
}

/// Smallest cosine that is to be expected of a vector, by what the weights are stored in.
fn smallest_cosine(config: &Config) -> f64 {
    match config.precision {
        Precision::Float => 0.9999,
        _ if config.storage.codebook => 0.9,
        _ => 0.98,
    }
}

/// The class that a checkpoint of this head is loaded as.
fn class(head: Head) -> &'static str {
    match head {
        Head::SequenceClassification => "AutoModelForSequenceClassification",
        Head::TokenClassification => "AutoModelForTokenClassification",
        Head::QuestionAnswering => "AutoModelForQuestionAnswering",
        Head::MultipleChoice => "AutoModelForMultipleChoice",
        Head::MaskedLm => "AutoModelForMaskedLM",
        Head::PreTraining => "AutoModelForPreTraining",
        _ => "AutoModel",
    }
}

/// Most tokens of an input.
fn limit(model: &Model) -> usize {
    Sample::MOST_TOKENS.min(model.max_tokens())
}

/// Inputs, evenly spaced when there are more than are asked for or fit.
fn inputs(args: &VerifyCheckpoint, model: &Model, config: &Config) -> Result<Vec<Input>> {
    let sample = match &args.data {
        Some(path) => measures::read(path, &Columns::default(), model, args.isa.kernels, limit(model), None)?,
        None => Sample::built_in(model.as_core()),
    };
    let width = if config.head.is_masked_lm() { config.vocab_size.max(config.hidden_size) } else { config.hidden_size };
    let longest = sample.inputs.iter().map(|input| input.ids.len()).max().unwrap_or(1);
    let most = (MOST_BYTES / (4 * longest * width as usize).max(1)).max(CHOICES).min(args.rows.max(CHOICES));
    let step = sample.inputs.len().div_ceil(most).max(1);
    let mut chosen: Vec<Input> = sample.inputs.into_iter().step_by(step).collect();
    if config.head == Head::MultipleChoice {
        chosen.truncate(chosen.len() / CHOICES * CHOICES);
    }
    match chosen.is_empty() {
        true => Err(Error::new("there are no inputs to compare")),
        false => Ok(chosen),
    }
}

/// Runs the script.
fn ask(python: Option<&Path>, folder: &Path, request: &Request<'_>) -> Result<Answer> {
    let (script, file) = (folder.join("reference.py"), folder.join("request.json"));
    let place = "cannot write a temporary file";
    fs::write(&script, SCRIPT).at(place)?;
    fs::write(&file, serde_json::to_vec(request).at(place)?).at(place)?;
    let chosen = python.map(|python| python.as_os_str().to_owned()).or_else(|| std::env::var_os("ALBERT_PYTHON"));
    let program = chosen.unwrap_or_else(|| OsString::from("python3"));
    let shown = PathBuf::from(&program);
    let shown = shown.display();
    let ran = Command::new(&program).arg(&script).arg(&file).stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let ran = ran.map_err(|error| {
        Error::new(format_args!(
            "cannot run {shown}: {error}; the checkpoint runs in Python with torch and transformers, --python names it"
        ))
    })?;
    let answer: Answer = serde_json::from_slice(&ran.stdout).map_err(|_| {
        let errors = String::from_utf8_lossy(&ran.stderr);
        let last = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given").to_owned();
        Error::new(format_args!("{shown} failed: {last}"))
    })?;
    if let Some(package) = &answer.missing {
        return Err(Error::new(format_args!(
            "{shown} has no {package}: the checkpoint runs in torch and transformers; install them (pip install torch transformers), \
             or name a Python that has them with --python"
        )));
    }
    match &answer.error {
        Some(error) => Err(Error::new(error.lines().next().unwrap_or("transformers fails"))),
        None => Ok(answer),
    }
}

fn print(
    args: &VerifyCheckpoint,
    answer: &Answer,
    report: &Report,
    rows: usize,
    bound: f64,
    passed: bool,
) -> Result<()> {
    let mut output = Console::new();
    let (torch, transformers) = (answer.torch.as_str(), answer.transformers.as_str());
    if args.json {
        let (tokenization, tokenizer_error) = (answer.tokenization.as_ref(), answer.tokenizer_error.as_deref());
        let outputs = &report.outputs;
        output.json(&Verdict { torch, transformers, rows, tokenization, tokenizer_error, outputs, passed })?;
        return output.flush();
    }
    output.line(format_args!("{rows} inputs, in transformers {transformers} and torch {torch}"))?;
    match &answer.tokenization {
        None => {
            let reason = answer.tokenizer_error.as_deref().unwrap_or("no reason given");
            output.line(format_args!("tokens: not compared; transformers loads no tokenizer: {reason}"))?;
        }
        Some(Tokenization { texts: 0, .. }) => output.line("tokens: not compared; the inputs are ids")?,
        Some(Tokenization { texts, same, first }) => {
            output.line(format_args!("tokens: {same} of {texts} texts have the same in both"))?;
            if let Some(Difference { text, ids, model_ids }) = first {
                output.line(format_args!("  {text:?}: {ids:?} there, {model_ids:?} here"))?;
            }
        }
    }
    validate::table(&mut output, report)?;
    let verdict = if passed { "the same" } else { "NOT the same" };
    let bounds = [("largest error", args.max_abs), ("agreement", args.min_agreement)];
    let given: String = bounds.iter().filter_map(|(name, bound)| Some(format!(", {name} {}", (*bound)?))).collect();
    let compared = answer.tokenization.as_ref().is_some_and(|tokens| tokens.texts > 0);
    let tokens = if compared { ", tokens equal" } else { "" };
    output.line(format_args!("{verdict} within bounds: every cosine from {bound} on{given}{tokens}"))?;
    output.flush()
}
