//! Losses of a row: softmax when one label applies, sigmoid when each may.

use crate::matrix::{dot, reduce};
use crate::real::Real;

/// Factors that are multiplied before a logarithm is taken; each is at most 2.
const FACTORS: usize = 512;

/// Turns logits into probabilities; returns minus the logarithm of that of the target.
#[inline(always)]
pub(crate) fn softmax_loss<T: Real>(logits: &mut [T], target: &[T]) -> f64 {
    let right = dot(logits, target);
    let Some(&first) = logits.first() else { return 0.0 };
    let peak = reduce(logits, first, |a, b| if b > a { b } else { a });
    logits.iter_mut().for_each(|logit| *logit = *logit - peak);
    T::exponentials(logits);
    let sum = reduce(logits, T::default(), |a, b| a + b);
    let scale = T::of(1.0) / sum;
    logits.iter_mut().for_each(|p| *p = *p * scale);
    libm::log(sum.get()) + peak.get() - right
}

/// Turns logits into probabilities; returns the sum of the labels' losses.
#[inline(always)]
pub(crate) fn sigmoid_loss<T: Real>(logits: &mut [T], target: &[T]) -> f64 {
    let (zero, one) = (T::default(), T::of(1.0));
    let mut loss = 0.0;
    let mut powers = [zero; FACTORS];
    for (logits, target) in logits.chunks_mut(FACTORS).zip(target.chunks(FACTORS)) {
        let powers = &mut powers[..logits.len()];
        for (e, &x) in powers.iter_mut().zip(logits.iter()) {
            *e = if x > zero { -x } else { x };
        }
        T::exponentials(powers);
        let mut product = 1.0;
        for ((x, &y), &e) in logits.iter_mut().zip(target).zip(powers.iter()) {
            product *= 1.0 + e.get();
            loss += if *x > zero { x.get() } else { 0.0 } - (*x * y).get();
            *x = if *x >= zero { one / (one + e) } else { e / (one + e) };
        }
        loss += libm::log(product);
    }
    loss
}

/// The loss of either kind.
#[inline(always)]
pub(crate) fn loss<T: Real>(exclusive: bool, logits: &mut [T], target: &[T]) -> f64 {
    if exclusive { softmax_loss(logits, target) } else { sigmoid_loss(logits, target) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses() {
        let mut logits = [2.0, -1.0, 0.5];
        let sum: f64 = logits.iter().map(|x: &f64| x.exp()).sum();
        assert!((softmax_loss(&mut logits, &[0.0, 0.0, 1.0]) - (sum.ln() - 0.5)).abs() < 1e-14);
        assert!((logits[1] - (-1f64).exp() / sum).abs() < 1e-14);
        let mut logits = [2.0f32, -1.0];
        let expected = (1.0 + (-2f64).exp()).ln() + (1.0 + (1f64).exp()).ln();
        assert!((sigmoid_loss(&mut logits, &[1.0, 1.0]) - expected).abs() < 1e-6);
        assert!((f64::from(logits[1]) - 1.0 / (1.0 + (1f64).exp())).abs() < 1e-6);
    }
}
