//! The figures of any task.

use serde::Serialize;

use super::{
    AnswerShares, Answers, Classification, Entities, Interval, LabelFigures, MaskedTokens, MultiLabel, Regression,
    Reliability, Similarity,
};

/// The figures of a model on a task. In JSON, the object of the variant.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Evaluation {
    /// One label a text.
    Classification(Classification),
    /// Several labels a text.
    MultiLabel(MultiLabel),
    /// A value a text.
    Regression(Regression),
    /// Similarity of two texts.
    Similarity(Similarity),
    /// An answer within a text.
    Answers(Answers),
    /// A tag a word.
    Entities(Entities),
    /// Tokens at masks.
    MaskedTokens(MaskedTokens),
}

/// One figure with its name and its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Name of the figure in JSON.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// Its 95 % interval, if it has one.
    pub interval: Option<Interval>,
}

fn sure(name: &'static str, value: f64) -> Figure {
    Figure { name, value, interval: None }
}

fn varies(name: &'static str, value: f64, interval: Interval) -> Figure {
    Figure { name, value, interval: Some(interval) }
}

impl Evaluation {
    /// Number of rows; of masks, for masked tokens.
    pub fn rows(&self) -> usize {
        match self {
            Self::Classification(of) => of.rows,
            Self::MultiLabel(of) => of.rows,
            Self::Regression(of) => of.rows,
            Self::Similarity(of) => of.rows,
            Self::Answers(of) => of.all.rows,
            Self::Entities(of) => of.rows,
            Self::MaskedTokens(of) => of.masks,
        }
    }

    /// What [`rows`](Self::rows) counts: a word in the plural.
    pub fn unit(&self) -> &'static str {
        if matches!(self, Self::MaskedTokens(_)) { "masks" } else { "rows" }
    }

    /// The figures, the most important first.
    pub fn figures(&self) -> Vec<Figure> {
        match self {
            Self::Classification(of) => vec![
                varies("accuracy", of.accuracy, of.accuracy_interval),
                varies("macro_f1", of.macro_f1, of.macro_f1_interval),
                varies("weighted_f1", of.weighted_f1, of.weighted_f1_interval),
                sure("calibration_error", of.reliability.calibration_error),
            ],
            Self::MultiLabel(of) => vec![
                varies("micro_f1", of.micro_f1, of.micro_f1_interval),
                varies("macro_f1", of.macro_f1, of.macro_f1_interval),
                sure("weighted_f1", of.weighted_f1),
                sure("samples_f1", of.samples_f1),
                varies("accuracy", of.accuracy, of.accuracy_interval),
                sure("hamming_loss", of.hamming_loss),
                sure("calibration_error", of.reliability.calibration_error),
            ],
            Self::Regression(of) => vec![
                varies("pearson", of.pearson, of.pearson_interval),
                varies("spearman", of.spearman, of.spearman_interval),
                varies("mse", of.mse, of.mse_interval),
                sure("mae", of.mae),
            ],
            Self::Similarity(of) => vec![
                varies("spearman", of.spearman, of.spearman_interval),
                varies("pearson", of.pearson, of.pearson_interval),
            ],
            Self::Answers(Answers {
                all: AnswerShares { exact_match, f1, .. },
                exact_match_interval,
                f1_interval,
                ..
            }) => {
                vec![varies("exact_match", *exact_match, *exact_match_interval), varies("f1", *f1, *f1_interval)]
            }
            Self::Entities(of) => vec![
                varies("f1", of.f1, of.f1_interval),
                sure("precision", of.precision),
                sure("recall", of.recall),
                sure("macro_f1", of.macro_f1),
                sure("weighted_f1", of.weighted_f1),
                varies("accuracy", of.accuracy, of.accuracy_interval),
            ],
            Self::MaskedTokens(of) => vec![
                varies("loss", of.loss, of.loss_interval),
                sure("perplexity", of.perplexity),
                varies("top_1", of.top_1, of.top_1_interval),
                varies("top_5", of.top_5, of.top_5_interval),
                sure("top_10", of.top_10),
            ],
        }
    }

    /// Share of right answers: of rows, words or masks. `None` for tasks without right and wrong answers.
    pub fn accuracy(&self) -> Option<f64> {
        match self {
            Self::Classification(of) => Some(of.accuracy),
            Self::MultiLabel(of) => Some(of.accuracy),
            Self::Answers(of) => Some(of.all.exact_match),
            Self::Entities(of) => Some(of.accuracy),
            Self::MaskedTokens(of) => Some(of.top_1),
            Self::Regression(_) | Self::Similarity(_) => None,
        }
    }

    /// The figures of each label or kind of entity; empty for tasks without labels.
    pub fn labels(&self) -> &[LabelFigures] {
        match self {
            Self::Classification(of) => &of.labels,
            Self::MultiLabel(of) => &of.labels,
            Self::Entities(of) => &of.labels,
            _ => &[],
        }
    }

    /// How often answers of a probability are right; `None` for tasks whose answers have no probabilities.
    pub fn reliability(&self) -> Option<&Reliability> {
        match self {
            Self::Classification(of) => Some(&of.reliability),
            Self::MultiLabel(of) => Some(&of.reliability),
            _ => None,
        }
    }

    /// Wrong answers: the label, the answer, and the number of such rows, the most frequent first.
    pub fn confusions(&self) -> Vec<(&str, &str, usize)> {
        let Self::Classification(of) = self else { return Vec::new() };
        let name = |index: usize| of.labels.get(index).map_or("", |label| label.label.as_str());
        let cells = of
            .confusion_matrix
            .iter()
            .enumerate()
            .flat_map(|(label, row)| row.iter().enumerate().map(move |(answer, &rows)| (label, answer, rows)));
        let wrong = cells.filter(|&(label, answer, rows)| label != answer && rows > 0);
        let mut all: Vec<_> = wrong.map(|(label, answer, rows)| (name(label), name(answer), rows)).collect();
        all.sort_by_key(|&(.., rows)| std::cmp::Reverse(rows));
        all
    }
}
