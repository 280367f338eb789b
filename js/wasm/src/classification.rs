//! Text classification alone, for pages that need nothing else and want to be small.

use crate::result::{Outcome, message};
use crate::tokens::Input;
use albert_edge::{Engine, Error, Field, Function, Model, Task, Text, TextClassification, Truncation};
use miniserde::json::{self, Number, Object, Value};
use miniserde::{Deserialize, Serialize};

const TASK: Task = Task::TextClassification;

/// The task, if it is named, its options by their names beside it.
#[derive(Deserialize)]
struct Setup {
    task: Option<String>,
    options: Option<Object>,
}

#[derive(Serialize)]
struct Label {
    label: String,
    score: f32,
}

/// The task over a model.
pub(crate) type Runner = TextClassification;

/// The task's name, when the model serves it.
pub(crate) fn names(model: &Model) -> Vec<&'static str> {
    if TextClassification::new(model).is_ok() { vec![TASK.name()] } else { vec![] }
}

pub(crate) fn open(model: &Model, setup: &[u8]) -> Result<Runner, String> {
    let setup = core::str::from_utf8(setup).map_err(message)?;
    let Setup { task, options } = json::from_str(setup).map_err(message)?;
    if let Some(task) = task.filter(|task| task != TASK.name()) {
        return Err(format!("{task}: this build of the module serves {TASK} alone"));
    }
    let runner = TextClassification::with_engine(Engine::new(model)).map_err(message)?;
    options.iter().flatten().filter(|(_, value)| !matches!(value, Value::Null)).try_fold(runner, set)
}

/// Sets an option.
fn set(runner: Runner, (name, value): (&String, &Value)) -> Result<Runner, String> {
    let count = || match value {
        Value::Number(Number::U64(count)) => usize::try_from(*count).ok(),
        _ => None,
    };
    let text = || match value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    };
    let set = match name.as_str() {
        "top_k" => count().map(|k| runner.top_k(k)),
        "max_length" => count().map(|tokens| runner.max_length(tokens)),
        "function_to_apply" => text().and_then(Function::from_name).map(|function| runner.function_to_apply(function)),
        "truncation" => text().and_then(Truncation::from_name).map(|truncation| runner.truncation(truncation)),
        _ => return Err(format!("{TASK} has no option {name}")),
    };
    set.ok_or_else(|| format!("{name}: {} is no value of this option", json::to_string(value)))
}

pub(crate) fn run(runner: &Runner, request: &[u8]) -> Result<Outcome, String> {
    let Input { text, text_pair, input_ids, token_type_ids } = Input::from_json(request)?;
    let (ids, token_types) = (input_ids.unwrap_or_default(), token_type_ids.unwrap_or_default());
    let text = match (&text, &text_pair) {
        _ if !ids.is_empty() => Text::Ids { ids: &ids, token_types: &token_types },
        (None, _) => return Err(message(Error::Missing(Field::Text))),
        (Some(text), None) => Text::One(text),
        (Some(text), Some(pair)) => Text::Pair(text, pair),
    };
    let labels = runner.run(text).map_err(message)?.into_iter();
    let labels: Vec<Label> = labels.map(|label| Label { label: label.label, score: label.score }).collect();
    Ok(Outcome::Text(json::to_string(&labels)))
}
