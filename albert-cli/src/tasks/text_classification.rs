//! A label, several labels or a value for a text or a pair of texts.

use albert_core::config::ProblemType;
use albert_core::heads;

use super::{Label, Settings, tokens, top};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::input::Row;
use crate::names;

/// What makes scores of logits (`function_to_apply` of the pipeline).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// What the model's problem type says.
    OfModel,
    Softmax,
    Sigmoid,
    None,
}

impl Function {
    /// The function of the pipeline's name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "default" => Some(Self::OfModel),
            "softmax" => Some(Self::Softmax),
            "sigmoid" => Some(Self::Sigmoid),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// The problem type whose function this is.
    fn problem_type(self, of_model: ProblemType) -> ProblemType {
        match self {
            Self::OfModel => of_model,
            Self::Softmax => ProblemType::SingleLabel,
            Self::Sigmoid => ProblemType::MultiLabel,
            Self::None => ProblemType::Regression,
        }
    }
}

/// The best labels, in descending order of their scores.
pub(super) fn answer(engine: &mut Engine<'_>, row: &Row, settings: &Settings) -> Result<Vec<Label>> {
    let tokens = tokens(engine, row, None)?;
    let (model, kernels) = (engine.model(), engine.kernels());
    let may_exit = engine.may_exit();
    let mut session = engine.run(&tokens.input(), tokens.ids.len())?;
    let output = session.output().ok_or_else(|| Error::new("the inference did not end"))?;
    let (layers, mut scores) = (may_exit.then(|| output.layers()), output.logits().to_vec());
    let problem_type = settings.options.function_to_apply.problem_type(model.config().problem_type);
    let temperature = session.classifier().map_or(1.0, |classifier| classifier.temperature);
    heads::scores(kernels, problem_type, temperature, &mut scores);
    if scores.is_empty() {
        return Err(Error::new("the model gives no scores"));
    }
    let best = top(&scores, settings.top_k.unwrap_or(1)).into_iter();
    Ok(best.map(|(index, score)| Label { label: names::label(model, index), score, layers }).collect())
}
