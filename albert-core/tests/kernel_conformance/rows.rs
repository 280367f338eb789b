//! Functions of rows: activation functions, layer norm, softmax.

use crate::support::{Floats, Random, assert_same, guard_f32, lengths, sets};
use albert_core::config::Activation;
use albert_core::kernels::Kernels;
use albert_core::kernels::internals::Keys;

#[test]
fn activations() {
    let mut random = Random(5);
    for set in sets() {
        for (activation, kind) in Activation::ALL.iter().flat_map(|&it| Floats::ALL.map(|kind| (it, kind))) {
            for n in lengths() {
                let mut want = kind.fill(n + 2, &mut random);
                let mut got = want.clone();
                Kernels::SCALAR.activate(activation, &mut want[1..=n]);
                set.activate(activation, &mut got[1..=n]);
                assert_same(&got, &want, || format!("{set:?} {activation:?} {kind:?} {n}"));
            }
        }
        // Every exponent, both signs, and thirteen bits of the fraction.
        let every: Vec<f32> = (0..0xff00_0000u32).step_by(1009).map(f32::from_bits).filter(|x| x.is_finite()).collect();
        for &activation in Activation::ALL {
            let (mut want, mut got) = (every.clone(), every.clone());
            Kernels::SCALAR.activate(activation, &mut want);
            set.activate(activation, &mut got);
            assert_same(&got, &want, || format!("{set:?} {activation:?}"));
        }
    }
}

#[test]
fn layer_norms() {
    let mut random = Random(13);
    for set in sets() {
        for (n, kind) in lengths().flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
            // Rows that a set may take together, and some more; the elements around them stay.
            let rows = 1 + n % 9;
            let mut want = kind.fill(rows * n + 2, &mut random);
            let (weight, bias) = (Floats::Normal.fill(n, &mut random), Floats::Normal.fill(n, &mut random));
            let mut got = want.clone();
            Kernels::SCALAR.layer_norm(&mut want[1..=rows * n], n, &weight, &bias, 1e-12);
            set.layer_norm(&mut got[1..=rows * n], n, &weight, &bias, 1e-12);
            assert_same(&got, &want, || format!("{set:?} layer norm {kind:?} {rows} x {n}"));
        }
    }
}

#[test]
fn softmaxes() {
    let mut random = Random(17);
    for set in sets() {
        let offset = set.activation_offset();
        for (n, spread) in lengths().flat_map(|n| [0u64, 1000, 1_000_000, 1 << 31].map(|spread| (n, spread))) {
            let scores: Vec<i32> = (0..n)
                .map(|_| (random.next() % (2 * spread + 1)) as i64 as i32)
                .map(|x| x.wrapping_sub(spread as i32))
                .collect();
            let offsets: Vec<i32> = (0..n).map(|_| (random.next() % 100_000) as i32).collect();
            let scales: Vec<f32> = (0..n).map(|_| (random.unit() + 1.1) * 1e-3).collect();
            for value in [1.0, 1e-20, 1e-34, 0.0] {
                let value_scales: Vec<f32> = (0..n).map(|_| (random.unit() + 1.1) * value).collect();
                let keys = Keys { offsets: &offsets, scales: &scales, value_scales: &value_scales };
                let (mut want, mut got) = (vec![0xee; n + 2], vec![0xee; n + 2]);
                let (mut want_scratch, mut got_scratch) = (guard_f32(n + 2), guard_f32(n + 2));
                let want_scale =
                    Kernels::SCALAR.softmax(&scores, &keys, 0.18, &mut want_scratch[1..=n], &mut want[1..=n]);
                let got_scale = set.softmax(&scores, &keys, 0.18, &mut got_scratch[1..=n], &mut got[1..=n]);
                let what = || format!("{set:?} softmax of {n}, scores to {spread}, values {value}");
                for byte in &mut want[1..=n] {
                    *byte = (i32::from(*byte as i8) + offset) as u8;
                }
                assert_eq!(got, want, "{}", what());
                assert_same(&[got_scale], &[want_scale], what);
                assert_same(&got_scratch, &want_scratch, what);
            }
        }
        for (n, kind) in lengths().flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
            let mut want = kind.fill(n + 2, &mut random);
            let mut got = want.clone();
            Kernels::SCALAR.softmax_f32(&mut want[1..=n], 1.25);
            set.softmax_f32(&mut got[1..=n], 1.25);
            assert_same(&got, &want, || format!("{set:?} softmax_f32 {kind:?} {n}"));
        }
    }
}

/// Softmax against f64: probabilities times value scales, to half a step.
#[test]
fn softmax_is_a_softmax() {
    let mut random = Random(19);
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        let (n, offset) = (77, set.activation_offset());
        let scores: Vec<i32> = (0..n).map(|_| (random.unit() * 2000.0) as i32).collect();
        let (offsets, scales) = (vec![5; n], vec![1e-2; n]);
        let value_scales: Vec<f32> = (0..n).map(|_| random.unit() + 1.5).collect();
        let keys = Keys { offsets: &offsets, scales: &scales, value_scales: &value_scales };
        let (mut scratch, mut out) = (vec![0.0; n], vec![0; n]);
        let scale = set.softmax(&scores, &keys, 0.3, &mut scratch, &mut out);
        let powers: Vec<f64> = scores.iter().map(|&score| (f64::from(score - 5) * 1e-2 * 0.3).exp2()).collect();
        let total: f64 = powers.iter().sum();
        for ((byte, power), value_scale) in out.iter().zip(powers).zip(value_scales) {
            let value = (i32::from(*byte) - offset) as i8;
            let got = f64::from(i32::from(value) + 127) * f64::from(scale);
            let want = power / total * f64::from(value_scale);
            assert!((got - want).abs() <= f64::from(scale) * 0.501, "{set:?}: {got} not {want}");
        }
    }
}
