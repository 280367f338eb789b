//! Largest errors of the elementary functions against f64, held in one table; `docs/numerics.md` has it, too, and is compared with it.

extern crate std;
use super::math;
use super::scalar::apply;
use crate::config::Activation;
use crate::half::half_to_f32;
use std::{println, vec::Vec};

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn gelu(x: f64) -> f64 {
    0.5 * x * libm::erfc(-x / 2f64.sqrt())
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[allow(clippy::approx_constant)] // Hugging Face's μ of laplace.
fn exact(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Gelu => gelu(x),
        Activation::GeluTanh => {
            0.5 * x * (1.0 + ((2.0 / core::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
        }
        Activation::Relu => x.max(0.0),
        Activation::QuickGelu => x * sigmoid(1.702 * x),
        Activation::Silu => x * sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => sigmoid(x),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Relu2 => x.max(0.0).powi(2),
        Activation::LeakyRelu => x.max(0.01 * x),
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Mish => x * softplus(x).tanh(),
        Activation::Linear => x,
        Activation::Gelu10 => gelu(x).clamp(-10.0, 10.0),
        Activation::Laplace => 0.5 * libm::erfc((0.707107 - x) / (0.282095 * 2f64.sqrt())),
        Activation::SqrtSoftplus => softplus(x).sqrt(),
    }
}

/// Errors above `absolute` in |x| <= 8, and above the larger of `absolute` and `relative` times |f(x)| beyond.
struct Bound {
    activation: Activation,
    absolute: f64,
    relative: f64,
    reason: &'static str,
}

/// Every half ten-thousandth of -8 to 8, and three values around every power of two up to 2^59, so that squares are finite.
fn points() -> Vec<f32> {
    let even = (-160_000..=160_000).map(|i| i as f32 / 20_000.0);
    let powers = (1..186u32).flat_map(|e| [e << 23, (e << 23) - 1, (e << 23) + 1]).map(f32::from_bits);
    even.chain(powers.flat_map(|x| [x, -x])).collect()
}

#[test]
fn activations_are_close_to_f64() {
    let b = |activation, absolute, relative, reason| Bound { activation, absolute, relative, reason };
    let table = [
        b(Activation::Gelu, 3.3e-7, 6e-8, "erfc is a 16th power: 16 roundings, times |x|/2 erfc"),
        b(Activation::GeluTanh, 5.2e-7, 6e-8, "error of exp2, rounding of u up to 8, times x σ'"),
        b(Activation::Relu, 0.0, 0.0, "exact"),
        b(Activation::QuickGelu, 7.0e-7, 6e-8, "half an ulp of x = 8"),
        b(Activation::Silu, 7.1e-7, 1.2e-7, "half an ulp of x = 8, and of the denominator"),
        b(Activation::Tanh, 1.3e-7, 6e-8, "1 - e, 1 + e and the quotient are rounded"),
        b(Activation::Sigmoid, 1.0e-7, 6e-8, "error of exp2 / 4 and two roundings"),
        b(Activation::Relu6, 0.0, 0.0, "exact"),
        b(Activation::Relu2, 2.0e-6, 6e-8, "half an ulp of 64"),
        b(Activation::LeakyRelu, 6e-9, 9e-8, "0.01 and the product are rounded"),
        b(Activation::HardSwish, 4.8e-7, 1.2e-7, "product and quotient are rounded"),
        b(Activation::Mish, 5.6e-7, 1.2e-7, "error of n, where n / (n + 2) is steep"),
        b(Activation::Linear, 0.0, 0.0, "exact"),
        b(Activation::Gelu10, 3.3e-7, 6e-8, "as Gelu"),
        b(Activation::Laplace, 1.2e-6, 6e-8, "erfc without the factor |x|/2 that damps it in Gelu"),
        b(Activation::SqrtSoftplus, 1.8e-7, 6.4e-8, "half an ulp, and errors of exp2 and artanh halved by the root"),
    ];
    let page = include_str!("../../../docs/numerics.md");
    for Bound { activation, absolute, .. } in &table {
        let row = std::format!("| `{}` | {absolute:.1e} |\n", activation.name());
        assert!(page.contains(&row), "docs/numerics.md lacks the row {row}");
    }
    let mut reports = std::vec![];
    let mut fits = true;
    for Bound { activation, absolute, relative, reason } in table {
        let (mut near, mut far) = (0f64, 0f64);
        for x in points() {
            let (got, want) = (f64::from(apply(activation, x)), exact(activation, f64::from(x)));
            let error = (got - want).abs();
            if x.abs() <= 8.0 {
                near = near.max(error);
            } else if error > absolute {
                far = far.max(error / want.abs());
            }
        }
        fits &= near <= absolute && far <= relative;
        reports.push(std::format!(
            "{activation:?}: {near:.2e} (bound {absolute:.1e}), beyond 8 {far:.2e} (bound {relative:.1e}): {reason}"
        ));
    }
    let report = reports.join("\n");
    println!("{report}");
    assert!(fits, "an error is above its bound:\n{report}");
}

#[test]
fn exp2_is_close_to_f64() {
    let worst = (-2_000_000..=2_520_000).fold(0f64, |worst, i| {
        let x = i as f32 / 20_000.0;
        worst.max((f64::from(math::exp2(x)) / f64::from(x).exp2() - 1.0).abs())
    });
    println!("exp2: {worst:.2e}");
    assert!(include_str!("../../../docs/numerics.md").contains("| 2^x on [-100, 126] | 1.9e-7 (relative) |\n"));
    assert!(worst <= 1.9e-7, "relative error {worst:e}: a polynomial good to 9.2e-8, and Horner's roundings");
    assert_eq!(math::exp2(0.0f32), 1.0);
    assert_eq!(math::exp2(f32::NEG_INFINITY), math::exp2(-100.0f32));
    assert_eq!(math::exp2(f32::INFINITY), 2f32.powi(126));
}

#[test]
fn half_precision_is_exact() {
    for half in 0..=u16::MAX {
        let exponent = i32::from(half >> 10 & 31);
        let fraction = f64::from(half & 1023);
        let size =
            if exponent == 0 { fraction * 2f64.powi(-24) } else { (1024.0 + fraction) * 2f64.powi(exponent - 25) };
        let want = if half >> 15 == 1 { -size } else { size };
        let got = half_to_f32(half);
        match exponent {
            31 if fraction == 0.0 => assert!(got.is_infinite() && got.is_sign_negative() == (half >> 15 == 1)),
            31 => assert!(got.is_nan()),
            _ => assert_eq!((f64::from(got), got.is_sign_negative()), (want, half >> 15 == 1), "{half:#x}"),
        }
    }
}
