//! How much figures vary with the rows that they were measured on.

use rayon::prelude::*;

/// Number of random draws from which an interval is made.
pub const DRAWS: usize = 1000;
/// The draws are the same on every machine and with any number of threads.
const SEED: u64 = 14;
/// Share of draws on either side of an interval.
const TAIL: f64 = 0.025;

/// The low and the high end of an interval that has the figure in 95 of 100 samples of rows.
pub type Interval = [f64; 2];

/// The intervals of the figures of `rows`: each draw takes as many rows as there are, with replacement.
pub(super) fn intervals<R: Sync, const N: usize>(
    rows: &[R],
    figures: impl Fn(&[&R]) -> [f64; N] + Sync,
) -> [Interval; N] {
    let draw = |index: usize| {
        let mut random = fastrand::Rng::with_seed(SEED.wrapping_mul(DRAWS as u64).wrapping_add(index as u64));
        let drawn: Vec<&R> = (0..rows.len()).map(|_| &rows[random.usize(..rows.len())]).collect();
        figures(&drawn)
    };
    let drawn: Vec<[f64; N]> = (0..DRAWS).into_par_iter().map(draw).collect();
    std::array::from_fn(|figure| {
        // Samples without a figure, such as correlations of constant values, say nothing.
        let mut values: Vec<f64> = drawn.iter().map(|draw| draw[figure]).filter(|value| !value.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        [crate::cosines::quantile(&values, TAIL), crate::cosines::quantile(&values, 1.0 - TAIL)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(rows: &[&f64]) -> [f64; 1] {
        [rows.iter().copied().sum::<f64>() / rows.len() as f64]
    }

    #[test]
    fn an_interval_is_that_of_the_mean() {
        let rows: Vec<f64> = (0..400).map(|row| f64::from(u8::from(row % 4 != 0))).collect();
        let [[low, high]] = intervals(&rows, mean);
        // 0.75 with a standard error of 0.02165, 1.96 of them on either side.
        assert!((low - 0.7076).abs() < 0.005 && (high - 0.7924).abs() < 0.005, "{low} {high}");
        assert_eq!(intervals(&rows, mean), [[low, high]]);
    }

    #[test]
    fn few_rows() {
        assert_eq!(intervals(&[2.0], mean), [[2.0, 2.0]]);
        assert!(intervals(&[1.0], |_| [f64::NAN])[0][0].is_nan());
    }
}
