//! A classifier for an encoder.

use core::ops::ControlFlow;
use std::boxed::Box;
use std::string::String;
use std::sync::OnceLock;
use std::vec::Vec;

use albert_edge::Model;
use albert_fit::{Columns, Example, Fitted, HeadStorage, Options, Progress, Stage, fit, read_json};
use albert_quant::ModelBytes;

use super::example::{albert_example, read_examples};
use super::options::{albert_fit_options, read_options, storage};
use crate::memory::{Out, optional, out, value};
use crate::status::albert_status;
use crate::tasks::answer::call;
use crate::tasks::error::{Failure, albert_error};
use crate::tasks::model::albert_shared_model;
use crate::tasks::object::free;
use crate::tasks::pipeline::{ALBERT_EVENT_FOLDS, ALBERT_EVENT_ROWS, albert_watch};
use crate::tasks::text::{Texts, albert_text};

/// A classifier for an encoder. Opaque; may be read from several threads. All that it hands out is valid until it is freed.
pub struct albert_fitted {
    encoder: Model,
    fitted: Fitted,
    labels: Vec<albert_text>,
    pooling: albert_text,
    _texts: Texts,
    report: OnceLock<String>,
    /// Head file and model file, each with weights in int8 and in f32.
    files: [OnceLock<ModelBytes>; 4],
}

/// What examples say about the classifier when it has not seen them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_fit_report {
    /// Examples in scope.
    pub examples: usize,
    /// Several labels may apply, not one.
    pub multi_label: bool,
    /// What the classifier reads: the name of a kind of pooling.
    pub pooling: albert_text,
    /// Strength of the penalty.
    pub strength: f64,
    /// Logits are divided by it on their way to scores.
    pub temperature: f64,
    /// Texts whose best score is below it are out of scope; 0 for none.
    pub threshold: f64,
    /// Share of right answers; for several labels, of right decisions.
    pub accuracy: f64,
    /// Its standard deviation over the folds.
    pub accuracy_deviation: f64,
    /// Mean F1 of the labels.
    pub macro_f1: f64,
    /// Its standard deviation over the folds.
    pub macro_f1_deviation: f64,
    /// How far scores are from the share of right answers, on average.
    pub calibration_error: f64,
}

/// Fits a classifier on examples: the encoder of `model` stays as it is, and a head that the model has does not matter.
///
/// `options` and `watch` may be null. The watch is called after each example that went through the encoder (ALBERT_EVENT_ROWS)
/// and each fold (ALBERT_EVENT_FOLDS), with their number. When an example is wrong, albert_error_row tells which. The result
/// depends on encoder, examples and options alone, and is that of the command `albert fit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fit(
    model: *const albert_shared_model,
    examples: *const albert_example,
    count: usize,
    options: *const albert_fit_options,
    watch: *const albert_watch,
    fitted: *mut *mut albert_fitted,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (model, fitted) = (value(model)?, out(fitted)?);
        let options = optional(options)?.map_or_else(|| Ok(Options::default()), |from| read_options(from))?;
        let examples = read_examples(examples, count)?;
        fitted.write(make(model, &examples, options, optional(watch)?)?);
    })
}

/// As albert_fit, with the examples as a JSON array, [{"text": "...", "label": "..."}], where "label" may be an array and "pair" a
/// second text, and the options as a JSON object, {"folds": 3}, or no text for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fit_json(
    model: *const albert_shared_model,
    examples: albert_text,
    options: albert_text,
    watch: *const albert_watch,
    fitted: *mut *mut albert_fitted,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (model, fitted) = (value(model)?, out(fitted)?);
        let options = options.get()?.map_or_else(|| Ok(Options::default()), serde_json::from_str);
        let options = options.map_err(|error| Failure::new(albert_status::TaskOption, error))?;
        let examples = read_json(examples.get()?.ok_or(albert_status::NullPointer)?, &Columns::default())?;
        fitted.write(make(model, &examples, options, optional(watch)?)?);
    })
}

fn make(
    model: &albert_shared_model,
    examples: &[Example],
    options: Options<'_>,
    watch: Option<&albert_watch>,
) -> Result<*mut albert_fitted, Failure> {
    let encoder = model.model.clone();
    let progress = |progress: Progress| match (watch, progress.stage) {
        (None, _) => ControlFlow::Continue(()),
        (Some(watch), Stage::Features) => watch.call(ALBERT_EVENT_ROWS, progress.done),
        (Some(watch), Stage::Folds) => watch.call(ALBERT_EVENT_FOLDS, progress.done),
        // The header has no event for stages that were added since: the work goes on, unreported.
        (Some(_), _) => ControlFlow::Continue(()),
    };
    let mut options = options;
    options.progress = &progress;
    let fitted = fit(encoder.as_core(), examples, &options)?;
    let mut texts = Texts::default();
    let labels = fitted.labels.iter().map(|label| texts.keep(label.clone())).collect();
    let pooling = texts.keep(fitted.report.pooling.into());
    let (report, files) = (OnceLock::new(), Default::default());
    Ok(Box::into_raw(Box::new(albert_fitted { encoder, fitted, labels, pooling, _texts: texts, report, files })))
}

/// Writes the figures of the report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fitted_report(
    fitted: *const albert_fitted,
    report: *mut albert_fit_report,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let (fitted, place) = (value(fitted)?, out(report)?);
        let report = &fitted.fitted.report;
        place.write(albert_fit_report {
            examples: report.examples,
            multi_label: report.multi_label,
            pooling: fitted.pooling,
            strength: report.strength,
            temperature: report.temperature,
            threshold: report.threshold,
            accuracy: report.accuracy,
            accuracy_deviation: report.accuracy_deviation,
            macro_f1: report.macro_f1,
            macro_f1_deviation: report.macro_f1_deviation,
            calibration_error: report.calibration_error,
        });
    })
}

/// The whole report as JSON, as `albert fit --json` prints it: with folds, labels, confusions, reliability and all that was tried.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fitted_report_json(
    fitted: *const albert_fitted,
    json: *mut albert_text,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (fitted, json) = (value(fitted)?, out(json)?);
        let made = serde_json::to_string(&fitted.fitted.report);
        let made = made.map_err(|error| Failure::new(albert_status::Internal, error))?;
        let text = fitted.report.get_or_init(|| made + "\0");
        json.write(albert_text { start: text.as_ptr().cast(), bytes: text.len() - 1 });
    })
}

/// Names of the labels, in the order of the logits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fitted_labels(
    fitted: *const albert_fitted,
    labels: *mut *const albert_text,
    count: *mut usize,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let (fitted, labels, count) = (value(fitted)?, out(labels)?, out(count)?);
        labels.write(fitted.labels.as_ptr());
        count.write(fitted.labels.len());
    })
}

/// The bytes of a head file: the classifier alone, for programs that have the encoder. albert_shared_model_with_head and
/// albert_head_init take them. `weights` is an ALBERT_WEIGHTS_ number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fitted_head_file(
    fitted: *const albert_fitted,
    weights: u32,
    bytes: *mut *const u8,
    count: *mut usize,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (fitted, bytes, count) = (value(fitted)?, out(bytes)?, out(count)?);
        fitted.file(weights, 0, Fitted::head_file, bytes, count)?;
    })
}

/// The bytes of a model file: the encoder with the classifier in place of its own head. `weights` is an ALBERT_WEIGHTS_ number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fitted_model_file(
    fitted: *const albert_fitted,
    weights: u32,
    bytes: *mut *const u8,
    count: *mut usize,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (fitted, bytes, count) = (value(fitted)?, out(bytes)?, out(count)?);
        fitted.file(weights, 2, Fitted::model, bytes, count)?;
    })
}

/// What makes a file.
type Make = fn(&Fitted, &albert_edge::albert_core::Model<'_>, HeadStorage) -> Result<ModelBytes, albert_fit::Error>;

impl albert_fitted {
    /// Hands out a file, made once. `first` is the place of the one with weights in int8.
    fn file(
        &self,
        weights: u32,
        first: usize,
        make: Make,
        bytes: Out<'_, *const u8>,
        count: Out<'_, usize>,
    ) -> Result<(), Failure> {
        let place = &self.files[first + usize::from(storage(weights)? == HeadStorage::F32)];
        let file = match place.get() {
            Some(file) => file,
            None => {
                let made = make(&self.fitted, self.encoder.as_core(), storage(weights)?)?;
                place.get_or_init(|| made)
            }
        };
        bytes.write(file.as_ptr());
        count.write(file.len());
        Ok(())
    }
}

/// Frees a classifier and all that it has handed out; null is allowed. Models that were made of its files keep theirs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_fitted_free(fitted: *mut albert_fitted) {
    // SAFETY: the header's promise.
    unsafe { free(fitted) };
}
