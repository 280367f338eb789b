//! Every task.

use crate::result::{Outcome, message};
use albert_edge::{Engine, Model, Options, Pipeline, Request, Response, Task};
use serde::Deserialize;

/// A task, its options by their names beside it.
#[derive(Deserialize)]
struct Setup {
    task: Option<String>,
    #[serde(default)]
    options: Options,
}

/// A task over a model.
pub(crate) type Runner = Pipeline;

/// Names of the tasks that a model serves, its own first.
pub(crate) fn names(model: &Model) -> Vec<&'static str> {
    model.tasks().into_iter().map(Task::name).collect()
}

pub(crate) fn open(model: &Model, setup: &[u8]) -> Result<Runner, String> {
    let setup: Setup = serde_json::from_slice(setup).map_err(message)?;
    let task = match setup.task {
        None => Task::of_head(model.config().head),
        Some(name) => name.parse().map_err(message)?,
    };
    Pipeline::with_options(Engine::new(model), task, &setup.options).map_err(message)
}

pub(crate) fn run(runner: &Runner, request: &[u8]) -> Result<Outcome, String> {
    let request: Request = serde_json::from_slice(request).map_err(message)?;
    Ok(match runner.run(&request).map_err(message)? {
        Response::Embedding(vector) => Outcome::Floats(vector.embedding),
        Response::HiddenStates(states) => Outcome::Floats(states.last_hidden_state.concat()),
        response => Outcome::Text(serde_json::to_string(&response).map_err(message)?),
    })
}
