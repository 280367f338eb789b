//! A component of the file: its type, its fields, and what is wrong with them.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::super::CompileError;

/// Most components of a normalizer or pre-tokenizer; checkpoints have up to ten.
const MAX_COMPONENTS: usize = 32;
/// Sequences in sequences that are followed.
const MAX_NESTING: usize = 8;

/// A component's type.
pub(super) fn kind(value: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Kind {
        r#type: String,
    }
    serde_json::from_str(value.get()).map_or("without type".to_owned(), |Kind { r#type }| r#type)
}

/// What an error says, without its place: it counts from the component.
pub(super) fn reason(error: serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

pub(super) fn unsupported(place: &'static str, component: impl Into<String>) -> CompileError {
    CompileError::Unsupported { place, component: component.into() }
}

pub(super) fn wrong(place: &'static str, component: &str, reason: impl ToString) -> CompileError {
    CompileError::Component { place, component: component.to_owned(), reason: reason.to_string() }
}

/// The fields of a component.
pub(super) fn fields<T: DeserializeOwned>(place: &'static str, value: &RawValue) -> Result<T, CompileError> {
    serde_json::from_str(value.get()).map_err(|error| wrong(place, &kind(value), reason(error)))
}

/// The elements of a sequence, nested ones in place.
pub(super) fn flatten<'v>(place: &'static str, value: Option<&'v RawValue>) -> Result<Vec<&'v RawValue>, CompileError> {
    #[derive(Deserialize)]
    struct Sequence<'v> {
        #[serde(borrow, alias = "normalizers", alias = "pretokenizers")]
        elements: Vec<&'v RawValue>,
    }
    let mut flat = Vec::new();
    let mut stack: Vec<(&RawValue, usize)> = value.map(|value| (value, 0)).into_iter().collect();
    while let Some((value, depth)) = stack.pop() {
        if value.get() == "null" {
            continue;
        }
        if kind(value) != "Sequence" {
            flat.push(value);
            continue;
        }
        if depth == MAX_NESTING {
            return Err(wrong(place, "Sequence", "sequences are nested too deeply"));
        }
        let sequence: Sequence<'v> =
            serde_json::from_str(value.get()).map_err(|error| wrong(place, "Sequence", reason(error)))?;
        stack.extend(sequence.elements.iter().rev().map(|&element| (element, depth + 1)));
    }
    if flat.len() > MAX_COMPONENTS {
        return Err(CompileError::TooLarge { what: place });
    }
    Ok(flat)
}
