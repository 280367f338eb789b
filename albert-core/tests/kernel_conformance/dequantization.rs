//! Sums to values, alone and with the product.

use crate::support::{Bytes, Random, Weights, assert_same, sets};
use albert_core::config::Activation;
use albert_core::kernels::Kernels;
use albert_core::kernels::internals::{Channels, LinearProduct, RowScale, Store, Tile};

#[test]
fn dequantization() {
    let mut random = Random(7);
    let stores = || {
        let activate = Activation::ALL.iter().copied().map(Store::Activate);
        [Store::Write, Store::Add].into_iter().chain(activate)
    };
    for set in sets() {
        for (channels, store) in (1..=80).chain([312, 768]).flat_map(|channels| stores().map(move |s| (channels, s))) {
            let rows = 1 + channels % 5;
            let (row_sums, row_outputs) = (channels + channels % 7, channels + channels % 3);
            let tile = Tile { rows, channels, row_sums, row_outputs };
            let sums: Vec<i32> = (0..rows * row_sums).map(|_| (random.next() >> 38) as i32 - (1 << 25)).collect();
            let scales: Vec<f32> = (0..channels).map(|_| random.unit() * 1e-2).collect();
            let channel_sums: Vec<i32> = (0..channels).map(|_| (random.next() >> 44) as i32 - (1 << 19)).collect();
            let bias: Vec<f32> = (0..channels).map(|_| random.unit()).collect();
            let row_scales: Vec<RowScale> = (0..rows)
                .map(|_| RowScale { scale: random.unit() * 1e-3, zero_point: (random.next() % 256) as i32 })
                .collect();
            let per_channel = Channels { scales: &scales, sums: &channel_sums, bias: &bias };
            let mut want: Vec<f32> = (0..rows * row_outputs + 1).map(|_| random.unit()).collect();
            let mut got = want.clone();
            Kernels::SCALAR.dequantize(&tile, &sums, &row_scales, &per_channel, store, &mut want[1..]);
            set.dequantize(&tile, &sums, &row_scales, &per_channel, store, &mut got[1..]);
            assert_same(&got, &want, || format!("{set:?} {tile:?} {store:?}"));
        }
    }
}

#[test]
fn dequantization_follows_its_formula() {
    let tile = Tile { rows: 1, channels: 2, row_sums: 2, row_outputs: 2 };
    let channels = Channels { scales: &[0.5, 0.25], sums: &[10, -3], bias: &[1.0, -1.0] };
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        let mut out = [100.0, 200.0];
        set.dequantize(&tile, &[100, 50], &[RowScale { scale: 2.0, zero_point: 4 }], &channels, Store::Add, &mut out);
        assert_eq!(out, [100.0 + 61.0, 200.0 + 30.0], "{set:?}");
    }
}

#[test]
fn integer_linears() {
    let mut random = Random(9);
    let activations = [Activation::Gelu, Activation::GeluTanh, Activation::Relu, Activation::Silu];
    let stores: Vec<Store> =
        [Store::Write, Store::Add].into_iter().chain(activations.into_iter().map(Store::Activate)).collect();
    let sizes = (1..=70)
        .chain([96, 100, 129])
        .zip([1, 15, 16, 17, 31, 32, 33, 48, 64, 65, 80, 96, 130, 312].into_iter().cycle());
    for set in sets() {
        let offset = set.activation_offset();
        for ((rows, channels), k_groups) in sizes.clone().zip([1, 7, 16, 17, 31, 32, 49, 64].into_iter().cycle()) {
            let row_bytes = (k_groups * 4usize).next_multiple_of(64);
            let row_outputs = channels + rows % 4;
            let size = LinearProduct { rows, row_bytes, k_groups, channels, row_outputs, prefetch: true };
            let bytes = Bytes::Random.fill(rows * row_bytes, &mut random);
            let weights =
                Weights { k_groups, values: Bytes::Random.fill(channels.div_ceil(16) * k_groups * 64, &mut random) };
            let channel_sums: Vec<i32> = (0..channels).map(|channel| weights.sum(channel)).collect();
            let scales: Vec<f32> = (0..channels).map(|_| random.unit() * 1e-2).collect();
            let bias: Vec<f32> = (0..channels).map(|_| random.unit()).collect();
            let row_scales: Vec<RowScale> = (0..rows)
                .map(|_| RowScale { scale: random.unit() * 1e-3, zero_point: (random.next() % 255) as i32 - 127 })
                .collect();
            let per_channel = Channels { scales: &scales, sums: &channel_sums, bias: &bias };
            let before: Vec<f32> = (0..rows * row_outputs + 1).map(|_| random.unit()).collect();
            let mut sums = vec![0; rows * 64];
            for &store in &stores {
                let mut run = |kernels: Kernels, offset: i32| {
                    let stored: Vec<u8> = bytes.iter().map(|&a| (i32::from(a) + offset) as u8).collect();
                    let rows: Vec<_> =
                        row_scales.iter().map(|row| RowScale { zero_point: row.zero_point + offset, ..*row }).collect();
                    let mut out = before.clone();
                    let end = 1 + (size.rows - 1) * row_outputs + channels;
                    let written = &mut out[1..end];
                    kernels.linear_i8(&size, &stored, &weights.values, &rows, &per_channel, store, written, &mut sums);
                    out
                };
                let (got, want) = (run(set, offset), run(Kernels::SCALAR, 0));
                assert_same(&got, &want, || format!("{set:?} {size:?} {store:?}"));
                assert_ne!(want[1].to_bits(), before[1].to_bits(), "{size:?} {store:?} did nothing");
            }
        }
    }
}
