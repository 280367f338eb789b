//! How close two results are.

/// Largest absolute difference.
pub fn max_abs(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, nan_max)
}

/// Largest magnitude.
pub fn largest(a: &[f64]) -> f64 {
    a.iter().map(|a| a.abs()).fold(0.0, nan_max)
}

/// Cosine of the angle between two vectors; 1 for two vectors of zeros.
pub fn cosine(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    if dot(a, a) == 0.0 && dot(b, b) == 0.0 { 1.0 } else { dot(a, b) / (dot(a, a) * dot(b, b)).sqrt() }
}

/// Index of the largest element, the first of equals.
pub fn argmax(a: &[f64]) -> usize {
    a.iter().enumerate().fold(0, |best, (index, value)| if *value > a[best] { index } else { best })
}

/// The larger of two; NaN wins, so that it cannot hide.
fn nan_max(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}
