//! Values to bytes.

use crate::support::{Floats, Random, assert_same, guard_f32, lengths, sets};
use albert_core::kernels::Kernels;
use albert_core::kernels::internals::{RowScale, Splits};

/// What `docs/numerics.md` says of a row, place by place.
fn quantized_row(x: &[f32], channels: &[u32], offset: i32) -> (Vec<u8>, RowScale) {
    let places = |channel: usize| 1 + channels.iter().filter(|&&split| split as usize == channel).count() as i32;
    let shares = x.iter().enumerate().map(|(channel, &x)| x / places(channel) as f32);
    let (low, high) = shares.fold((0.0f32, 0.0f32), |(low, high), share| (low.min(share), high.max(share)));
    let (scale, inverse) = if high - low < 1e-30 { (0.0, 0.0) } else { ((high - low) / 254.0, 254.0 / (high - low)) };
    let zero_point = (-127.0 - low * inverse).round_ties_even() as i32;
    let part = |channel: usize, rank: i32| {
        let count = places(channel);
        let total =
            ((x[channel] * inverse).round_ties_even() as i32 + count * zero_point).clamp(-127 * count, 127 * count);
        (total.div_euclid(count) + i32::from(rank < total.rem_euclid(count)) + offset) as u8
    };
    let own = (0..x.len()).map(|channel| part(channel, 0));
    let rank = |index: usize| channels[..=index].iter().filter(|&&channel| channel == channels[index]).count() as i32;
    let extra = channels.iter().enumerate().map(|(index, &channel)| part(channel as usize, rank(index)));
    (own.chain(extra).collect(), RowScale { scale, zero_point: zero_point + offset })
}

#[test]
fn quantization_of_rows() {
    let mut random = Random(14);
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        for (n, kind) in lengths().flat_map(|n| Floats::ALL.map(|kind| (n, kind))) {
            // Some channels several times, some lists longer than a vector.
            let mut channels: Vec<u32> = (0..n % 41).map(|_| (random.next() % (n as u64).min(29)) as u32).collect();
            channels.sort_unstable();
            let count = |channel: u32| channels.iter().filter(|&&other| other == channel).count();
            let copies: Vec<f32> = channels.iter().map(|&channel| (count(channel) + 1) as f32).collect();
            let first = |channel: u32| channels.partition_point(|&other| other < channel);
            let ranks: Vec<f32> = (1..).zip(&channels).map(|(i, &channel)| (i - first(channel)) as f32).collect();
            let splits = Splits { channels: &channels, copies: &copies, ranks: &ranks };

            let mut x = kind.fill(n, &mut random);
            let before = x.clone();
            let (mut bytes, mut saved) = (vec![0xee; n + channels.len() + 3], vec![0.0; channels.len()]);
            let got = set.quantize_row(&mut x, &splits, &mut saved, &mut bytes);
            let (mut want, row) = quantized_row(&before, &channels, set.activation_offset());
            want.extend([0xee; 3]);
            assert_same(&x, &before, || format!("{set:?} input {kind:?} {n}"));
            assert_eq!(bytes, want, "{set:?} {kind:?} {n} {channels:?}");
            assert_eq!(
                (got.scale.to_bits(), got.zero_point),
                (row.scale.to_bits(), row.zero_point),
                "{set:?} {kind:?} {n}"
            );
        }
        // Ties go to even, and what is not a number does not count for the range.
        let (mut bytes, none) = ([0; 7], Splits::default());
        let row = set.quantize_row(&mut [0.5, 1.5, 2.5, -0.5, f32::NAN, 127.0, -127.0], &none, &mut [], &mut bytes);
        let values = bytes.map(|byte| (i32::from(byte) - set.activation_offset()) as i8);
        assert_eq!((row.scale, row.zero_point), (1.0, set.activation_offset()), "{set:?}");
        assert_eq!((&values[..4], &values[5..]), (&[0, 2, 2, 0][..], &[127, -127][..]), "{set:?}");
    }
}

#[test]
fn quantization_of_heads() {
    let mut random = Random(12);
    for set in sets() {
        for (size, kind) in (1..=80).chain([127, 312]).flat_map(|size| Floats::ALL.map(|kind| (size, kind))) {
            let heads = 1 + size % 5;
            let x = kind.fill(heads * size, &mut random);
            let stride = size + size % 7;
            let run = |set: Kernels, signed: bool| {
                let mut bytes = vec![0xee; heads * stride + 1];
                let mut scales = guard_f32(heads + 1);
                let out = &mut bytes[1..1 + (heads - 1) * stride + size];
                if signed {
                    set.quantize_heads_signed(&x, size, stride, out, &mut scales);
                } else {
                    set.quantize_heads(&x, size, stride, out, &mut scales);
                }
                (bytes, scales)
            };
            let (signed, scales) = run(Kernels::SCALAR, true);
            let mut shifted = signed.clone();
            for index in (0..heads * size).map(|index| 1 + index / size * stride + index % size) {
                shifted[index] = (i32::from(shifted[index] as i8) + set.activation_offset()) as u8;
            }
            for (want, got) in [(signed, run(set, true)), (shifted, run(set, false))] {
                assert_eq!(got.0, want, "{set:?} {kind:?} {heads} x {size}");
                assert_same(&got.1, &scales, || format!("{set:?} scales {kind:?} {heads} x {size}"));
            }
        }
        let (mut bytes, mut scales) = ([9; 6], [9.0; 2]);
        set.quantize_heads_signed(&[-254.0, 3.0, f32::NAN, 0.0, 0.0, 0.0], 3, 3, &mut bytes, &mut scales);
        assert_eq!((bytes[0] as i8, bytes[1], &bytes[3..], scales), (-127, 2, &[0; 3][..], [2.0, 0.0]), "{set:?}");
    }
}
