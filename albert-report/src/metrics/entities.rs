//! A tag a word, and the entities that tags make, as seqeval finds them in its default mode.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::bootstrap::{Interval, intervals};
use super::counts::{LabelCounts, LabelFigures, macro_f1, micro, share, weighted_f1};

/// The tags of a row's words, and the model's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The right tags, one for each word.
    pub tags: Vec<String>,
    /// The model's tags, as many.
    pub answers: Vec<String>,
}

/// Figures of token classification.
#[derive(Clone, Debug, Serialize)]
pub struct Entities {
    /// Number of rows.
    pub rows: usize,
    /// Number of words.
    pub words: usize,
    /// Share of words with the right tag.
    pub accuracy: f64,
    /// 95 % interval of `accuracy`.
    pub accuracy_interval: Interval,
    /// Share of the model's entities that are correct, in span and kind.
    pub precision: f64,
    /// Share of the data's entities that are found.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// 95 % interval of `f1`.
    pub f1_interval: Interval,
    /// Mean F1 of the kinds of entities.
    pub macro_f1: f64,
    /// Mean F1 of the kinds, weighted by their numbers of entities in the data.
    pub weighted_f1: f64,
    /// The figures of the kinds that are in the data or among the answers, by name. `rows` counts entities.
    pub labels: Vec<LabelFigures>,
}

/// Computes the figures of rows.
pub fn entities(rows: &[Tagged]) -> Entities {
    let found: Vec<_> = rows.iter().map(|row| (spans(&row.tags), spans(&row.answers))).collect();
    let kinds: BTreeSet<&str> = found.iter().flat_map(|(a, b)| a.iter().chain(b)).map(|span| span.0).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let indices: BTreeMap<&str, usize> = kinds.iter().copied().zip(0..).collect();
    let counted: Vec<Counted> =
        rows.iter().zip(&found).map(|(row, (a, b))| Counted::new(row, a, b, &indices)).collect();
    let counts = sum(kinds.len(), &counted);
    let all = micro(&counts);
    let [accuracy, f1] = averages(kinds.len(), &counted);
    let [accuracy_interval, f1_interval] = intervals(&counted, |rows| averages(kinds.len(), rows));
    Entities {
        rows: rows.len(),
        words: counted.iter().map(|row| row.words).sum(),
        accuracy,
        accuracy_interval,
        precision: all.precision(),
        recall: all.recall(),
        f1,
        f1_interval,
        macro_f1: macro_f1(counts.iter()),
        weighted_f1: weighted_f1(&counts),
        labels: kinds.iter().zip(&counts).map(|(kind, counts)| counts.figures(kind)).collect(),
    }
}

/// What a row contributes.
struct Counted {
    words: usize,
    right_words: usize,
    /// By the index of the kind.
    kinds: Vec<(usize, LabelCounts)>,
}

impl Counted {
    fn new(row: &Tagged, expected: &[Span<'_>], found: &[Span<'_>], indices: &BTreeMap<&str, usize>) -> Self {
        let mut kinds: BTreeMap<usize, LabelCounts> = BTreeMap::new();
        let mut count = |span: &Span<'_>, add: LabelCounts| {
            kinds.entry(indices.get(span.0).copied().unwrap_or(0)).or_default().add(&add);
        };
        expected.iter().for_each(|span| count(span, LabelCounts { expected: 1, ..LabelCounts::default() }));
        for span in found {
            count(span, LabelCounts { answered: 1, right: expected.contains(span).into(), expected: 0 });
        }
        let right_words = row.tags.iter().zip(&row.answers).filter(|(a, b)| a == b).count();
        Self { words: row.tags.len(), right_words, kinds: kinds.into_iter().collect() }
    }
}

fn sum(kinds: usize, rows: &[impl Borrow<Counted>]) -> Vec<LabelCounts> {
    let mut counts = vec![LabelCounts::default(); kinds];
    for (kind, of_row) in rows.iter().flat_map(|row| row.borrow().kinds.iter()) {
        counts[*kind].add(of_row);
    }
    counts
}

/// Accuracy over words, and F1 over entities.
fn averages(kinds: usize, rows: &[impl Borrow<Counted>]) -> [f64; 2] {
    let words = |read: fn(&Counted) -> usize| rows.iter().map(|row| read(row.borrow())).sum();
    [share(words(|row| row.right_words), words(|row| row.words)), micro(&sum(kinds, rows)).f1()]
}

/// An entity: its kind, the index of its first word, and that of the word after its last.
pub type Span<'t> = (&'t str, usize, usize);

/// A tag's position in its entity (`B`, `I`, `E`, `S`, or `O` outside), and the entity's kind.
fn parts(tag: &str) -> (char, &str) {
    let mut letters = tag.chars();
    let position = letters.next().unwrap_or('O');
    let rest = letters.as_str();
    let kind = rest.split_once('-').map_or(rest, |(_, kind)| kind);
    (position, if kind.is_empty() { "_" } else { kind })
}

/// The entities of a sequence of tags in the schemes IOB1, IOB2, IOE and IOBES.
/// ```
/// use albert_report::metrics::spans;
///
/// assert_eq!(spans(&["B-artist", "I-artist", "O"]), [("artist", 0, 2)]);
/// ```
pub fn spans(tags: &[impl AsRef<str>]) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let (mut before, mut kind_before, mut begin) = ('O', "", 0);
    let outside = std::iter::once("O");
    for (word, tag) in tags.iter().map(AsRef::as_ref).chain(outside).enumerate() {
        let (position, kind) = parts(tag);
        let other = kind != kind_before;
        let ends = matches!(before, 'E' | 'S')
            || (matches!(before, 'B' | 'I') && matches!(position, 'B' | 'S' | 'O'))
            || (!matches!(before, 'O' | '.') && other);
        if ends {
            spans.push((kind_before, begin, word));
        }
        let starts = matches!(position, 'B' | 'S')
            || (matches!(before, 'E' | 'S' | 'O') && matches!(position, 'E' | 'I'))
            || (!matches!(position, 'O' | '.') && other);
        if starts {
            begin = word;
        }
        (before, kind_before) = (position, kind);
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_tags() {
        let tags = ["B-a", "I-a", "O", "I-b", "I-b", "B-b", "I-a", "O", "B-a", "B-a"];
        let expected = [("a", 0, 2), ("b", 3, 5), ("b", 5, 6), ("a", 6, 7), ("a", 8, 9), ("a", 9, 10)];
        assert_eq!(spans(&tags), expected);
        assert_eq!(spans(&["S-a", "B-b", "E-b", "I-x-y", "B"]), [("a", 0, 1), ("b", 1, 3), ("x-y", 3, 4), ("_", 4, 5)]);
        assert_eq!(spans(&["O", "O"]), []);
        assert_eq!(spans(&[""; 0]), []);
    }
}
