//! A label, several labels or a value for a text or a pair of texts.

use alloc::vec::Vec;

use albert_core::config::ProblemType;
use albert_core::tokenizer::Truncation;
use albert_core::{Positions, Session, heads};

use super::calls::{Single, run_single, singles, task};
use super::ranking::{Label, top};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};
use crate::text::{AsText, Limits, Text};

/// What makes scores of logits (`function_to_apply` of the pipeline).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Function {
    /// What the model's problem type says.
    #[default]
    OfModel,
    /// Softmax over the labels.
    Softmax,
    /// A sigmoid for each label.
    Sigmoid,
    /// The logits as they are.
    None,
}

impl Function {
    /// The function of the pipeline's name; `default` is the model's.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "default" => Some(Self::OfModel),
            "softmax" => Some(Self::Softmax),
            "sigmoid" => Some(Self::Sigmoid),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// The problem type whose function this is.
    pub(super) fn problem_type(self, of_model: ProblemType) -> ProblemType {
        match self {
            Self::OfModel => of_model,
            Self::Softmax => ProblemType::SingleLabel,
            Self::Sigmoid => ProblemType::MultiLabel,
            Self::None => ProblemType::Regression,
        }
    }
}

/// Labels of a text or a pair of texts.
///
/// ```no_run
/// use albert_edge::{Model, TextClassification};
///
/// let model = Model::open("clinc-intents-int8.albert")?;
/// let intents = TextClassification::new(&model)?.top_k(3);
/// for label in intents.run("what is the weather like in tokyo")? {
///     println!("{} {:.4}", label.label, label.score);
/// }
/// # Ok::<(), albert_edge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TextClassification {
    engine: Engine,
    limits: Limits,
    top_k: usize,
    function: Function,
}

task!(TextClassification, TextClassification);
singles!(TextClassification, Vec<Label>);

impl TextClassification {
    fn on(engine: Engine) -> Self {
        Self { engine, limits: Limits::REFUSE, top_k: 1, function: Function::OfModel }
    }

    /// Most labels of a result; 1 unless this says otherwise.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = k;
        self
    }

    /// What makes scores of logits.
    pub fn function_to_apply(mut self, function: Function) -> Self {
        self.function = function;
        self
    }

    /// How texts that are too long are cut; they are refused unless this says otherwise.
    pub fn truncation(mut self, truncation: Truncation) -> Self {
        self.limits.truncation = truncation;
        self
    }

    /// Most tokens of an input, special tokens included; the model's own limit if that is lower.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.limits.max_length = Some(tokens);
        self
    }

    /// The best labels in descending order of their scores.
    ///
    /// # Errors
    /// Those of [`Engine::encode`] and [`Engine::run`]; [`Error::EmptyText`].
    pub fn run(&self, text: impl AsText) -> Result<Vec<Label>> {
        run_single(self, &self.engine, text.as_text())
    }
}

impl Single for TextClassification {
    type Output = Vec<Label>;
    const POSITIONS: Positions<'static> = Positions::Head;

    fn encode(&self, text: Text<'_>) -> Result<Tokens> {
        self.limits.encode(&self.engine, text)
    }

    fn read(&self, session: &mut Session<'_, '_>, index: usize) -> Result<Vec<Label>> {
        let engine = &self.engine;
        let temperature = session.classifier().map_or(1.0, |classifier| classifier.temperature);
        let output = session.output_of(index).ok_or(Error::NoOutput)?;
        let (layers, mut scores) = (engine.may_exit().then(|| output.layers()), output.logits().to_vec());
        let problem_type = self.function.problem_type(engine.model().config().problem_type);
        heads::scores(engine.kernels_in_use(), problem_type, temperature, &mut scores);
        let best = top(&scores, self.top_k).into_iter();
        Ok(best.map(|(index, score)| Label { label: engine.model().label(index), score, layers }).collect())
    }
}
