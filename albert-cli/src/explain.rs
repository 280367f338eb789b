//! The library's errors in terms of the command line.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use albert_core::InputError;
use albert_core::tokenizer::EncodeError;
use albert_edge::{Error as EdgeError, Field, HeadFile, Model, Task};

use crate::error::{Error, Result};

/// What is wrong, and which option helps.
pub(crate) fn explain(error: &EdgeError, task: Option<Task>) -> Error {
    let cut = "shorten the text, or cut it with --truncation longest_first";
    let truncates = task.is_some_and(|task| task.has_option("truncation"));
    match error {
        EdgeError::TooLong { tokens, limit } if truncates => {
            Error::new(format_args!("{tokens} tokens, more than the {limit} that are allowed; {cut}"))
        }
        EdgeError::Input { error: InputError::Layers, num_hidden_layers, .. } => {
            Error::new(format_args!("--layers must be from 1 to the model's {num_hidden_layers}"))
        }
        EdgeError::NoTokenizer => {
            Error::new("the model has no tokenizer: give input_ids in a --file, or convert a checkpoint that has one")
        }
        EdgeError::Head { .. } => Error::new(format_args!("--task {error}")),
        EdgeError::NoEntailmentLabel => Error::new(format_args!("{error}; --entailment-label names it")),
        EdgeError::Missing(field) => missing(*field, task),
        EdgeError::Unexpected { field: Field::TextPair, task } => {
            Error::new(format_args!("{task} takes one text; give no second one"))
        }
        EdgeError::Template => Error::new("--hypothesis-template needs {} where the label goes"),
        EdgeError::StrideWithoutAggregation => {
            Error::new("--stride puts entities of windows together; give an --aggregation-strategy")
        }
        EdgeError::StrideTooLarge { size, stride } => {
            let option = if task == Some(Task::QuestionAnswering) { "--doc-stride" } else { "--stride" };
            Error::new(format_args!(
                "windows take {size} tokens of the text, no more than they would share ({stride}); lower {option}"
            ))
        }
        EdgeError::NoTarget => Error::new("none of the --targets has a token"),
        EdgeError::Encode(EncodeError::LimitTooSmall { special_tokens }) => {
            Error::new(format_args!("--max-length must leave room for the {special_tokens} special tokens"))
        }
        EdgeError::Encode(EncodeError::SecondSequenceMissing) => {
            Error::new("there is no second text to cut; give --text-pair or another --truncation")
        }
        error => Error::new(error),
    }
}

fn missing(field: Field, task: Option<Task>) -> Error {
    let option = match field {
        Field::Question => "--question",
        Field::Context => "--context",
        Field::Choices => "--choice",
        Field::CandidateLabels => "--candidate-labels",
        Field::Documents => "--document",
        Field::TextPair => "--text-pair",
        field => return Error::new(format_args!("the row has no \"{}\"", field.name())),
    };
    let what = EdgeError::Missing(field);
    match task {
        Some(task) => Error::new(format_args!("{task}: {what}: give {option}, or \"{}\" in the row", field.name())),
        None => Error::new(format_args!("{what}: give {option}, or \"{}\" in the row", field.name())),
    }
}

/// Opens a model file.
pub(crate) fn open(path: &Path) -> Result<Model> {
    Model::open(path).map_err(|error| match error {
        EdgeError::NotAFile { directory: true, .. } => Error::new(format_args!(
            "{} is a directory; albert quantize makes a model file from a checkpoint",
            path.display()
        )),
        EdgeError::Format(_) if is_lfs_pointer(path) => {
            Error::new(format_args!("{} is a Git LFS pointer, not the file itself: run git lfs pull", path.display()))
        }
        EdgeError::Format(_) => Error::new(format_args!("{}: {error}", path.display())),
        error => Error::new(error),
    })
}

/// Opens a model file, and puts a head file beside it if there is one.
pub(crate) fn open_with_head(path: &Path, head: Option<&Path>) -> Result<Model> {
    let model = open(path)?;
    let Some(head) = head else { return Ok(model) };
    let name = head.display();
    let head = HeadFile::open(head).map_err(|error| match error {
        EdgeError::HeadFormat(_) => Error::new(format_args!("{name}: {error}")),
        error => Error::new(error),
    })?;
    // A head is small.
    head.verify_checksum().and_then(|()| model.with_head(&head)).map_err(|error| match error {
        EdgeError::OtherEncoder => {
            Error::new(format_args!("{name} was fitted on another encoder than {}", path.display()))
        }
        error => Error::new(format_args!("{name}: {error}")),
    })
}

fn is_lfs_pointer(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
    read.is_ok() && albert_quant::is_lfs_pointer(&start)
}

/// Opens a model file and compares its checksum: every byte is read.
pub(crate) fn open_verified(path: &Path) -> Result<Model> {
    let model = open(path)?;
    verify(&model, path)?;
    Ok(model)
}

/// Compares a model's checksum.
pub(crate) fn verify(model: &Model, path: &Path) -> Result<()> {
    model.verify_checksum().map_err(|error| Error::new(format_args!("{}: {error}", path.display())))
}
