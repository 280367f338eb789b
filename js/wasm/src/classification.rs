//! Text classification alone, for pages that need nothing else and want to be small.

use crate::result::{Outcome, message};
use crate::tokens::Input;
use albert_edge::{Engine, Error, Field, Function, Model, Task, Text, TextClassification, Truncation};
use serde::Deserialize;

const TASK: Task = Task::TextClassification;

/// The task, if it is named, its options by their names beside it.
#[derive(Deserialize)]
struct Setup {
    task: Option<String>,
    #[serde(default)]
    options: Options,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    top_k: Option<usize>,
    function_to_apply: Option<String>,
    truncation: Option<String>,
    max_length: Option<usize>,
}

/// The task over a model.
pub(crate) type Runner = TextClassification;

/// The task's name, when the model serves it.
pub(crate) fn names(model: &Model) -> Vec<&'static str> {
    if TextClassification::new(model).is_ok() { vec![TASK.name()] } else { vec![] }
}

pub(crate) fn open(model: &Model, setup: &[u8]) -> Result<Runner, String> {
    let Setup { task, options } = serde_json::from_slice(setup).map_err(message)?;
    if let Some(task) = task.filter(|task| task != TASK.name()) {
        return Err(format!("{task}: this build of the module serves {TASK} alone"));
    }
    let mut runner = TextClassification::with_engine(Engine::new(model)).map_err(message)?;
    if let Some(k) = options.top_k {
        runner = runner.top_k(k);
    }
    if let Some(name) = &options.function_to_apply {
        runner = runner.function_to_apply(named(name, Function::from_name)?);
    }
    if let Some(name) = &options.truncation {
        runner = runner.truncation(named(name, Truncation::from_name)?);
    }
    if let Some(tokens) = options.max_length {
        runner = runner.max_length(tokens);
    }
    Ok(runner)
}

/// A value of an option by its name.
fn named<T>(name: &str, from_name: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    from_name(name).ok_or_else(|| format!("{name:?} is no value of this option"))
}

pub(crate) fn run(runner: &Runner, request: &[u8]) -> Result<Outcome, String> {
    let Input { text, text_pair, input_ids, token_type_ids } = serde_json::from_slice(request).map_err(message)?;
    let text = match (&text, &text_pair) {
        _ if !input_ids.is_empty() => Text::Ids { ids: &input_ids, token_types: &token_type_ids },
        (None, _) => return Err(message(Error::Missing(Field::Text))),
        (Some(text), None) => Text::One(text),
        (Some(text), Some(pair)) => Text::Pair(text, pair),
    };
    let labels = runner.run(text).map_err(message)?;
    serde_json::to_string(&labels).map(Outcome::Text).map_err(message)
}
