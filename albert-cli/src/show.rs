//! Results as lines of text or JSON.

use std::fmt::{Display, Write};

use albert_edge::{Answer, Choice, Embedding, Entity, Filling, HiddenStates, Label, Ranked, Ranking, Response, Task};
use serde::Serialize;

use crate::console::{Escaped, json};

/// The results of row `number`, each line ended by a line feed.
pub(crate) fn response(response: &Response, number: usize, json: bool) -> String {
    let page = Page { number, json };
    match response {
        Response::Labels(labels) => page.of(labels, label),
        Response::Ranking(one) => page.of(std::slice::from_ref(one), ranking),
        Response::Entities(entities) => page.of(entities, entity),
        Response::Answers(answers) => page.of(answers, answer),
        Response::Fillings(fillings) => page.of(fillings, filling),
        Response::Choices(choices) => page.of(choices, choice),
        Response::Order(order) => page.of(std::slice::from_ref(order), label),
        Response::HiddenStates(states) => page.of(std::slice::from_ref(states), hidden_states),
        Response::Embedding(one) => page.of(std::slice::from_ref(one), embedding),
        Response::Ranked(documents) => page.of(documents, ranked),
        other => unreachable_response(other),
    }
}

/// The library and the command come from one workspace: there is no other kind.
fn unreachable_response(response: &Response) -> String {
    json(response) + "\n"
}

/// Whether a row has a list of results rather than one.
pub(crate) fn lists(task: Task, top_k: Option<usize>) -> bool {
    match task {
        Task::TextClassification | Task::QuestionAnswering => top_k.is_some_and(|k| k > 1),
        Task::SentenceOrder | Task::SentenceEmbedding => false,
        _ => true,
    }
}

/// How results are written.
struct Page {
    number: usize,
    json: bool,
}

impl Page {
    fn of<T: Serialize>(&self, results: &[T], text: impl Fn(&T) -> String) -> String {
        #[derive(Serialize)]
        struct InRow<'a, T> {
            #[serde(flatten)]
            result: &'a T,
            row: usize,
        }
        let line = |result| if self.json { json(&InRow { result, row: self.number }) } else { text(result) };
        results.iter().map(|result| line(result) + "\n").collect()
    }
}

fn label(Label { label, score, .. }: &Label) -> String {
    format!("{}\t{score:.4}", Escaped(label))
}

/// A line for each label.
fn ranking(ranking: &Ranking) -> String {
    let lines =
        ranking.labels.iter().zip(&ranking.scores).map(|(label, score)| format!("{}\t{score:.4}", Escaped(label)));
    lines.collect::<Vec<_>>().join("\n")
}

fn entity(entity: &Entity) -> String {
    let (start, end) = entity.range();
    format!("{}\t{:.4}\t{start}-{end}\t{}", Escaped(entity.label()), entity.score(), Escaped(entity.word()))
}

fn answer(Answer { score, start, end, answer }: &Answer) -> String {
    format!("{}\t{score:.4}\t{start}-{end}", Escaped(answer))
}

fn filling(Filling { score, token_str, sequence, .. }: &Filling) -> String {
    format!("{}\t{score:.4}\t{}", Escaped(token_str), Escaped(sequence))
}

fn choice(Choice { label, score, .. }: &Choice) -> String {
    format!("{}\t{score:.4}", Escaped(label))
}

fn ranked(Ranked { corpus_id, score, text }: &Ranked) -> String {
    format!("{corpus_id}\t{score:.4}\t{}", Escaped(text))
}

/// A line for each token.
fn hidden_states(states: &HiddenStates) -> String {
    states.last_hidden_state.iter().map(|row| numbers(row)).collect::<Vec<_>>().join("\n")
}

fn embedding(embedding: &Embedding) -> String {
    numbers(&embedding.embedding)
}

fn numbers(values: &[f32]) -> String {
    let mut line = String::new();
    for (index, value) in values.iter().enumerate() {
        let separator: &dyn Display = if index > 0 { &" " } else { &"" };
        // Writing to a string cannot fail.
        write!(line, "{separator}{value}").unwrap_or_default();
    }
    line
}
