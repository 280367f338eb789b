//! Answers that a model gives otherwise than the reference, and how sure both are.

use albert_core::config::ProblemType;
use albert_core::{Config, Model};
use serde::Serialize;

use crate::outputs::Kind;
use crate::sample::{Expected, Input};

/// Most changes that are kept: those that the reference was most sure of.
const MOST_KEPT: usize = 1000;
/// Most characters of a text.
const MOST_CHARACTERS: usize = 200;

/// Stands for a right answer that the model cannot give.
const NO_LABEL: &str = "none of the model's";

/// An answer of the model that differs from the reference's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Number of the input, from 1.
    pub input: usize,
    /// Its text, cut if it is long; empty if the input is ids.
    pub text: String,
    /// Name of the output.
    pub output: &'static str,
    /// Position of the token, from 0; `None` if the output has one answer an input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<usize>,
    /// The reference's answer.
    pub reference: String,
    /// The model's answer.
    pub model: String,
    /// The right answer, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How sure the reference is: its logit of its own answer, minus its logit of the model's answer.
    pub reference_margin: f64,
    /// How sure the model is: its logit of its own answer, minus its logit of the reference's answer.
    pub model_margin: f64,
}

impl Change {
    /// Whether the answers of the reference and of the model are right, if that is known.
    pub fn right(&self) -> Option<[bool; 2]> {
        self.label.as_ref().map(|label| [&self.reference, &self.model].map(|answer| answer == label))
    }
}

/// How many of the changed answers were right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// Number of changed answers of which the right one is known.
    pub labelled: usize,
    /// Number of these that the reference has right.
    pub reference: usize,
    /// Number of these that the model has right.
    pub model: usize,
}

/// The answers of the model that differ from the reference's.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Changes {
    /// Number of answers compared: one for each input, token or label.
    pub answers: usize,
    /// Number of those that differ.
    pub changed: usize,
    /// How many of those were right.
    pub right: Rights,
    /// The ones that differ, 1,000 at most. Those that the reference was most sure of come first.
    pub rows: Vec<Change>,
}

/// How an output's vectors become answers.
#[derive(Clone, Copy)]
enum Rule {
    /// The largest element.
    Best,
    /// Every element from this logit on.
    Each(f64),
}

/// Where a vector belongs.
pub(crate) struct Place<'p> {
    /// From 0.
    pub(crate) index: usize,
    pub(crate) input: &'p Input,
    pub(crate) output: &'static str,
    pub(crate) kind: Kind,
    /// Of a vector that a token has.
    pub(crate) token: Option<usize>,
}

/// The rule of an output; `None` when it is no answer by itself.
fn rule(kind: Kind, model: &Model<'_>) -> Option<Rule> {
    match (kind, model.config().problem_type) {
        (Kind::Logits, ProblemType::MultiLabel) => {
            let classifier = model.classifier()?;
            let threshold = if classifier.threshold > 0.0 { f64::from(classifier.threshold) } else { 0.5 };
            Some(Rule::Each(f64::from(classifier.temperature) * (threshold / (1.0 - threshold)).ln()))
        }
        (Kind::Logits, ProblemType::SingleLabel) => Some(Rule::Best),
        (Kind::TokenLogits | Kind::VocabularyLogits | Kind::StartLogits | Kind::EndLogits, _) => Some(Rule::Best),
        _ => None,
    }
}

impl Changes {
    /// Compares a vector of both. The sides may have rules of their own.
    pub(crate) fn take(&mut self, place: &Place<'_>, models: [&Model<'_>; 2], vectors: [&[f32]; 2]) {
        let [Some(of_reference), Some(of_model)] = models.map(|model| rule(place.kind, model)) else { return };
        match (of_reference, of_model) {
            (Rule::Each(reference), Rule::Each(model)) => self.take_each(place, models, vectors, [reference, model]),
            _ => self.take_best(place, models, vectors),
        }
    }

    fn take_best(&mut self, place: &Place<'_>, models: [&Model<'_>; 2], vectors: [&[f32]; 2]) {
        let [Some(reference), Some(model)] = vectors.map(albert_core::heads::argmax) else { return };
        self.answers += 1;
        if reference == model {
            return;
        }
        let margin = |vector: &[f32], own: usize, other: usize| match (vector.get(own), vector.get(other)) {
            (Some(&own), Some(&other)) => f64::from(own) - f64::from(other),
            _ => f64::NAN,
        };
        let margins = [margin(vectors[0], reference, model), margin(vectors[1], model, reference)];
        let label = match (&place.input.expected, place.token) {
            (Expected::Labels(labels), None) => labels.first().map(|&label| name(place, models[0], label)),
            (Expected::Tokens(tokens), Some(token)) => tokens.get(&token).map(|label| match label {
                Some(label) => name(place, models[0], *label),
                None => NO_LABEL.to_owned(),
            }),
            _ => None,
        };
        self.add(place, [name(place, models[0], reference), name(place, models[1], model)], label, margins);
    }

    fn take_each(&mut self, place: &Place<'_>, models: [&Model<'_>; 2], vectors: [&[f32]; 2], from: [f64; 2]) {
        for (index, (&reference, &model)) in vectors[0].iter().zip(vectors[1]).enumerate() {
            self.answers += 1;
            let margins = [f64::from(reference) - from[0], f64::from(model) - from[1]];
            let applies = margins.map(|margin| margin >= 0.0);
            if applies[0] == applies[1] {
                continue;
            }
            let answer = |model: &Model<'_>, applies: bool| {
                let name = name(place, model, index);
                if applies { name } else { format!("not {name}") }
            };
            let label = match &place.input.expected {
                Expected::Labels(labels) => Some(answer(models[0], labels.contains(&index))),
                _ => None,
            };
            let answers = [answer(models[0], applies[0]), answer(models[1], applies[1])];
            self.add(place, answers, label, margins.map(f64::abs));
        }
    }

    fn add(
        &mut self,
        place: &Place<'_>,
        [reference, model]: [String; 2],
        label: Option<String>,
        [reference_margin, model_margin]: [f64; 2],
    ) {
        let change = Change {
            input: place.index + 1,
            text: text(place.input),
            output: place.output,
            token: place.token,
            reference,
            model,
            label,
            reference_margin,
            model_margin,
        };
        self.changed += 1;
        if let Some([reference, model]) = change.right() {
            self.right.labelled += 1;
            self.right.reference += usize::from(reference);
            self.right.model += usize::from(model);
        }
        self.rows.push(change);
        // Not at every change: sorting takes time.
        if self.rows.len() >= 2 * MOST_KEPT {
            self.sort();
        }
    }

    /// The surest first, and no more than are kept.
    pub(crate) fn sort(&mut self) {
        self.rows.sort_by(|a, b| b.reference_margin.total_cmp(&a.reference_margin));
        self.rows.truncate(MOST_KEPT);
    }
}

/// What people call an answer.
fn name(place: &Place<'_>, model: &Model<'_>, index: usize) -> String {
    let token = |id: u32| {
        let known = model.tokenizer().and_then(|tokenizer| tokenizer.id_to_token(id).map(str::to_owned));
        known.unwrap_or_else(|| format!("token {id}"))
    };
    match place.kind {
        Kind::VocabularyLogits => token(index as u32),
        Kind::StartLogits | Kind::EndLogits => {
            let id = place.input.ids.get(index).copied().unwrap_or_default();
            format!("{} at {index}", token(id))
        }
        _ => model.label(index).map_or_else(|| format!("LABEL_{index}"), str::to_owned),
    }
}

fn text(input: &Input) -> String {
    let whole = match &input.pair {
        Some(pair) => format!("{} \u{2016} {pair}", input.text),
        None => input.text.clone(),
    };
    match whole.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}\u{2026}", &whole[..end]),
        None => whole,
    }
}

/// Whether the outputs of these configurations can change an answer.
pub(crate) fn comparable(kind: Kind, configs: [&Config; 2]) -> bool {
    kind.ranks() && configs[0].problem_type == configs[1].problem_type
}
