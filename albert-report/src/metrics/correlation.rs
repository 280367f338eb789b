//! Correlations of two lists of values.

/// Pearson's correlation of pairs; NaN if either side is constant.
pub fn pearson(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let (sum_a, sum_b) = pairs.iter().fold((0.0, 0.0), |(a, b), pair| (a + pair.0, b + pair.1));
    let (mean_a, mean_b) = (sum_a / count, sum_b / count);
    let [mut products, mut squares_a, mut squares_b] = [0.0; 3];
    for (a, b) in pairs.iter().map(|&(a, b)| (a - mean_a, b - mean_b)) {
        products += a * b;
        squares_a += a * a;
        squares_b += b * b;
    }
    if squares_a == 0.0 || squares_b == 0.0 { f64::NAN } else { products / (squares_a.sqrt() * squares_b.sqrt()) }
}

/// Spearman's rank correlation of pairs; equal values share the mean of their ranks. NaN if either side is constant.
pub fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let pairs: Vec<(f64, f64)> = ranks(&a).into_iter().zip(ranks(&b)).collect();
    pearson(&pairs)
}

/// Ranks from 1.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|&index| ranks[index] = rank);
        first += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, -0.0, 0.0, 9.0]), [4.5, 3.0, 4.5, 1.5, 1.5, 6.0]);
    }

    #[test]
    fn constant_values_have_no_correlation() {
        assert!(pearson(&[(1.0, 2.0), (1.0, 3.0)]).is_nan() && spearman(&[]).is_nan());
        assert!((spearman(&[(1.0, 1.0), (2.0, 9.0), (3.0, 100.0)]) - 1.0).abs() < 1e-12);
    }
}
