//! The two precisions of the solver: f32 where solutions are only compared, f64 for the one that is kept.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// f32 or f64.
pub(crate) trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + 'static
{
    /// Relative error of sums of products.
    const ROUNDING: f64;
    /// Relative error of the mean of many rows' losses.
    const NOISE: f64;
    /// The nearest one.
    fn of(x: f64) -> Self;
    /// As f64, exactly.
    fn get(self) -> f64;
    /// e to the power of each; none is above 0.
    fn exponentials(values: &mut [Self]);
}

impl Real for f32 {
    const ROUNDING: f64 = 1e-6;
    const NOISE: f64 = 1e-7;

    #[inline(always)]
    fn of(x: f64) -> Self {
        x as Self
    }

    #[inline(always)]
    fn get(self) -> f64 {
        self.into()
    }

    #[inline(always)]
    fn exponentials(values: &mut [Self]) {
        values.iter_mut().for_each(|x| *x = exponential(*x));
    }
}

impl Real for f64 {
    const ROUNDING: f64 = 1e-12;
    const NOISE: f64 = 1e-16;

    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn get(self) -> f64 {
        self
    }

    fn exponentials(values: &mut [Self]) {
        values.iter_mut().for_each(|x| *x = libm::exp(*x));
    }
}

/// e^x for x up to 0, within a few units in the last place, 0 far below: no branch and no call, so that loops become vector code.
///
/// Source: Cephes (Moshier, 1992), `expf`.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    // Adding it leaves the integer in the low bits.
    const SHIFT: f32 = 12_582_912.0;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = if x > -87.0 { x } else { -87.0 };
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let series = [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5].into_iter();
    let p = series.fold(1.987_569_1e-4, |p, c| p * r + c);
    let power = (shifted.to_bits().wrapping_sub(SHIFT.to_bits())).wrapping_add(127) << 23;
    (p * r * r + r + 1.0) * f32::from_bits(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_in_f32() {
        for step in 0..87_000 {
            let x = -0.001 * step as f32;
            let (found, expected) = (f64::from(exponential(x)), libm::exp(x.into()));
            assert!((found / expected - 1.0).abs() < 3e-7, "{x}");
        }
        assert!(exponential(f32::NEG_INFINITY) < 1e-37);
        assert!(exponential(-1e9) < 1e-37);
    }
}
