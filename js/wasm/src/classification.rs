//! Text classification alone, for pages that need nothing else and want to be small.

use crate::json::{Raw, Writer};
use crate::result::{Outcome, message};
use crate::tokens::Input;
use albert_edge::{Engine, Error, Field, Function, Label, Model, Task, Text, TextClassification, Truncation};

const TASK: Task = Task::TextClassification;

/// The task over a model.
pub(crate) type Runner = TextClassification;

/// The task's name, when the model serves it.
pub(crate) fn names(model: &Model) -> Vec<&'static str> {
    if TextClassification::new(model).is_ok() { vec![TASK.name()] } else { vec![] }
}

/// From `{"task", "options"}`: the task, if it is named, its options by their names beside it.
pub(crate) fn open(model: &Model, setup: &[u8]) -> Result<Runner, String> {
    let malformed = || "a task is an object of its name and its options".to_owned();
    let fields = Raw::new(setup).and_then(Raw::fields).ok_or_else(malformed)?;
    let field = |name| fields.iter().find(|field| field.0 == name && !field.1.is_null()).map(|field| field.1);
    if let Some(task) = field("task") {
        let task = task.text().ok_or_else(malformed)?;
        if task != TASK.name() {
            return Err(format!("{task}: this build of the module serves {TASK} alone"));
        }
    }
    let runner = TextClassification::with_engine(Engine::new(model)).map_err(message)?;
    let Some(options) = field("options") else { return Ok(runner) };
    options.fields().ok_or_else(malformed)?.into_iter().try_fold(runner, set)
}

/// Sets an option.
fn set(runner: Runner, (name, value): (String, Raw<'_>)) -> Result<Runner, String> {
    if value.is_null() {
        return Ok(runner);
    }
    let count = || value.0.parse::<usize>().ok();
    let set = match name.as_str() {
        "top_k" => count().map(|k| runner.top_k(k)),
        "max_length" => count().map(|tokens| runner.max_length(tokens)),
        "function_to_apply" => {
            value.text().and_then(|name| Function::from_name(&name)).map(|function| runner.function_to_apply(function))
        }
        "truncation" => value.text().and_then(|name| Truncation::from_name(&name)).map(|how| runner.truncation(how)),
        _ => return Err(format!("{TASK} has no option {name}")),
    };
    set.ok_or_else(|| format!("{name}: {} is no value of this option", value.0))
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
    let mut json = Writer::default();
    json.open('[');
    for Label { label, score, .. } in runner.run(text).map_err(message)? {
        json.open('{');
        json.name("label").text(&label);
        // As its bits: what writes decimal fractions is large.
        json.name("bits").number(score.to_bits());
        json.close('}');
    }
    json.close(']');
    Ok(Outcome::Text(json.finish()))
}
