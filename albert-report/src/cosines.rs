//! The cosines of many pairs of vectors.

use serde::Serialize;

/// Collects cosines and summarizes them.
#[derive(Clone, Debug, Default)]
pub struct Cosines(Vec<f64>);

/// Mean and low quantiles of many cosines. Quantiles say more about the next thousand vectors than the smallest value does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CosineSummary {
    /// Number of cosines.
    pub vectors: usize,
    /// Their mean.
    pub cosine_mean: f64,
    /// The 1 % quantile: 99 of 100 are higher.
    pub cosine_p1: f64,
    /// The 0.1 % quantile: 999 of 1,000 are higher.
    pub cosine_p01: f64,
    /// The smallest.
    pub cosine_min: f64,
}

impl Cosines {
    /// Adds a cosine.
    pub fn push(&mut self, cosine: f64) {
        self.0.push(cosine);
    }

    /// The figures of the cosines so far. If one of them is NaN, or there are none, every figure is NaN.
    pub fn summary(&self) -> CosineSummary {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let figure = |value: f64| if sorted.iter().any(|cosine| cosine.is_nan()) { f64::NAN } else { value };
        CosineSummary {
            vectors: sorted.len(),
            cosine_mean: figure(sorted.iter().sum::<f64>() / sorted.len() as f64),
            cosine_p1: figure(quantile(&sorted, 0.01)),
            cosine_p01: figure(quantile(&sorted, 0.001)),
            cosine_min: figure(quantile(&sorted, 0.0)),
        }
    }
}

/// The value below which a share of the sorted values lies, interpolated between the two nearest.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(&a), Some(&b)) => a + (place - below as f64) * (b - a),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(cosines: impl IntoIterator<Item = f64>) -> CosineSummary {
        let mut all = Cosines::default();
        cosines.into_iter().for_each(|cosine| all.push(cosine));
        all.summary()
    }

    #[test]
    fn quantiles_lie_between_the_values() {
        // 0, 0.001, ... 1.000 in some order.
        let found = summary((0..=1000).map(|index| f64::from(index * 5 % 1001) / 1000.0));
        assert_eq!((found.vectors, found.cosine_min), (1001, 0.0));
        assert!((found.cosine_p1 - 0.01).abs() < 1e-12 && (found.cosine_p01 - 0.001).abs() < 1e-12);
        assert!((found.cosine_mean - 0.5).abs() < 1e-12);
        let two = summary([1.0, 0.5]);
        assert!((two.cosine_p1 - 0.505).abs() < 1e-12 && (two.cosine_p01 - 0.5005).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_number_cannot_hide() {
        for not_a_number in [f64::NAN, -f64::NAN] {
            let found = summary([1.0, not_a_number, 1.0]);
            let figures = [found.cosine_mean, found.cosine_p1, found.cosine_p01, found.cosine_min];
            assert!(figures.iter().all(|figure| figure.is_nan()));
        }
        assert!(summary([]).cosine_mean.is_nan() && summary([]).cosine_min.is_nan());
    }
}
