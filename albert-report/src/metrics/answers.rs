//! An answer within a text, judged as SQuAD's own script (`evaluate-v2.0.py`) judges it.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Serialize;

use super::bootstrap::{Interval, intervals};

/// The accepted answers of a row, and the model's. An empty text means "no answer".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The accepted answers; empty if the text has no answer.
    pub answers: Vec<String>,
    /// The model's answer.
    pub answer: String,
}

/// Figures of question answering over some of the rows, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AnswerShares {
    /// Number of rows.
    pub rows: usize,
    /// Share of rows whose answer equals an accepted one after [`normalize_answer`].
    pub exact_match: f64,
    /// Mean F1 of the words of the answers; each row counts with the accepted answer that is closest.
    pub f1: f64,
}

/// Figures of question answering.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Answers {
    /// The figures of all rows.
    #[serde(flatten)]
    pub all: AnswerShares,
    /// 95 % interval of `exact_match`.
    pub exact_match_interval: Interval,
    /// 95 % interval of `f1`.
    pub f1_interval: Interval,
    /// The figures of rows that have an answer; `None` if all have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answerable: Option<AnswerShares>,
    /// The figures of rows that have no answer; `None` if all have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswerable: Option<AnswerShares>,
}

/// Judges the answers of all rows.
pub fn answers(rows: &[Answered]) -> Answers {
    let scores: Vec<Score> = rows.iter().map(Score::of).collect();
    let all = shares(&scores);
    let [exact_match_interval, f1_interval] = intervals(&scores, |rows| {
        let AnswerShares { exact_match, f1, .. } = shares(rows);
        [exact_match, f1]
    });
    let part = |answerable: bool| -> Vec<Score> {
        scores.iter().copied().filter(|score| score.answerable == answerable).collect()
    };
    let (with, without) = (part(true), part(false));
    let mixed = !without.is_empty();
    Answers {
        all,
        exact_match_interval,
        f1_interval,
        answerable: (mixed && !with.is_empty()).then(|| shares(&with)),
        unanswerable: mixed.then(|| shares(&without)),
    }
}

/// What a row contributes.
#[derive(Clone, Copy)]
struct Score {
    answerable: bool,
    exact: f64,
    f1: f64,
}

impl Score {
    fn of(row: &Answered) -> Self {
        let found = normalize_answer(&row.answer);
        let mut accepted: Vec<String> = row.answers.iter().map(|answer| normalize_answer(answer)).collect();
        accepted.retain(|answer| !answer.is_empty());
        if accepted.is_empty() {
            accepted.push(String::new());
        }
        Self {
            answerable: !row.answers.is_empty(),
            exact: f64::from(u8::from(accepted.contains(&found))),
            f1: accepted.iter().map(|accepted| f1(accepted, &found)).fold(0.0, f64::max),
        }
    }
}

fn shares(scores: &[impl Borrow<Score>]) -> AnswerShares {
    let mean = |read: fn(&Score) -> f64| {
        scores.iter().map(|score| read(score.borrow())).sum::<f64>() / scores.len().max(1) as f64
    };
    AnswerShares { rows: scores.len(), exact_match: mean(|score| score.exact), f1: mean(|score| score.f1) }
}

/// F1 of the words of two normalized answers.
fn f1(expected: &str, found: &str) -> f64 {
    let words = |answer: &str| answer.split(' ').filter(|word| !word.is_empty()).count();
    let (of_expected, of_found) = (words(expected), words(found));
    if of_expected == 0 || of_found == 0 {
        return f64::from(u8::from(expected == found));
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    expected.split(' ').for_each(|word| *left.entry(word).or_default() += 1);
    let mut same = 0.0;
    for word in found.split(' ') {
        if let Some(left) = left.get_mut(word).filter(|left| **left > 0) {
            *left -= 1;
            same += 1.0;
        }
    }
    if same == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (same / of_found as f64, same / of_expected as f64);
    2.0 * precision * recall / (precision + recall)
}

/// What Python's `\w` takes: letters, numbers and the underscore.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]+").ok());

/// An answer in lower case, without ASCII punctuation and English articles, with one blank between words.
pub fn normalize_answer(answer: &str) -> String {
    let mut text = answer.to_lowercase();
    text.retain(|c| !c.is_ascii_punctuation());
    let article = |word: &Captures<'_>| match &word[0] {
        "a" | "an" | "the" => " ".to_owned(),
        word => word.to_owned(),
    };
    let text = WORD.as_ref().map_or(Cow::Borrowed(&*text), |word| word.replace_all(&text, article));
    // Python's white space has four control characters more.
    let words = text.split(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_normalized() {
        assert!(WORD.is_some());
        let all = ["The  Cat's\u{1d}pyjamas", "a-an the", "An éa a\u{301} theatre", "_a", "\u{a0}x\t"];
        assert_eq!(all.map(normalize_answer), ["cats pyjamas", "aan", "éa \u{301} theatre", "", "x"]);
    }

    #[test]
    fn rows_of_several_kinds() {
        let row = |answers: &[&str], answer: &str| Answered {
            answers: answers.iter().map(|&answer| answer.to_owned()).collect(),
            answer: answer.to_owned(),
        };
        let found = answers(&[
            row(&["the red house", "house"], "a house"),
            row(&["red house"], "house of stone"),
            row(&[], ""),
            row(&[], "house"),
        ]);
        assert_eq!(found.all, AnswerShares { rows: 4, exact_match: 0.5, f1: (1.0 + 0.4 + 1.0) / 4.0 });
        assert_eq!(found.unanswerable, Some(AnswerShares { rows: 2, exact_match: 0.5, f1: 0.5 }));
        assert_eq!(found.answerable.map(|shares| shares.exact_match), Some(0.5));
        assert!(answers(&[row(&["x"], "x")]).unanswerable.is_none());
    }
}
