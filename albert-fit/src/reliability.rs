//! Whether scores are what they say: how often answers of a score are right.

use serde::Serialize;

/// Number of bins, all of the same width.
pub const BINS: usize = 10;

/// The answers whose scores are above `from` and at most `to`. The first bin also has the score 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Lower end of the scores, not included.
    pub from: f64,
    /// Upper end of the scores, included.
    pub to: f64,
    /// Number of answers.
    pub rows: usize,
    /// Their mean score.
    pub score: f64,
    /// Share of them that is right.
    pub accuracy: f64,
}

/// How often answers of a score are right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Expected calibration error: the mean distance between score and accuracy of the bins, weighted by their rows.
    pub calibration_error: f64,
    /// The bins, as `sklearn.calibration.calibration_curve` makes them, empty ones included.
    pub bins: Vec<Bin>,
}

/// Computes the reliability of answers, each given as its probability and whether it is right.
pub fn reliability(answers: impl IntoIterator<Item = (f64, bool)>) -> Reliability {
    let edge = |index: usize| index as f64 * (1.0 / BINS as f64);
    let mut sums = [(0usize, 0.0, 0usize); BINS];
    for (score, right) in answers {
        let bin = (1..BINS).take_while(|&index| edge(index) < score).count();
        let (rows, scores, rights) = &mut sums[bin];
        *rows += 1;
        *scores += score;
        *rights += usize::from(right);
    }
    let mean = |sum: f64, rows: usize| if rows > 0 { sum / rows as f64 } else { 0.0 };
    let bin = |(index, (rows, scores, rights)): (usize, (usize, f64, usize))| Bin {
        from: edge(index),
        to: edge(index + 1),
        rows,
        score: mean(scores, rows),
        accuracy: mean(rights as f64, rows),
    };
    let bins: Vec<Bin> = sums.into_iter().enumerate().map(bin).collect();
    let total: usize = bins.iter().map(|bin| bin.rows).sum();
    let gaps: f64 = bins.iter().map(|bin| bin.rows as f64 * (bin.score - bin.accuracy).abs()).sum();
    Reliability { calibration_error: mean(gaps, total), bins }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_closed_above() {
        let found = reliability([(0.0, false), (0.1, true), (0.11, true), (0.95, true), (1.0, false)]);
        let rows: Vec<usize> = found.bins.iter().map(|bin| bin.rows).collect();
        assert_eq!(rows, [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
        let expected = (2.0 * (0.5 - 0.05) + (1.0 - 0.11) + 2.0 * (0.975 - 0.5)) / 5.0;
        assert!((found.calibration_error - expected).abs() < 1e-12);
        assert_eq!(reliability([]).calibration_error, 0.0);
    }
}
