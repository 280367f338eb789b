//! The row kernels over vectors of 16 lanes, written once for every instruction set that has such vectors.
//!
//! A set implements [`lanes::Lanes`] for its registers and calls [`row_kernels`] and [`activation_kernels`] with them and the instructions they need.

pub(super) mod lanes;
mod pair;
pub(super) mod quantize;
pub(super) mod rows;

/// Functions of the table that enable `$features` and run the row kernels on `$lanes`, but for those of [`activation_kernels`].
macro_rules! row_kernels {
    ($lanes:ty, $features:literal) => {
        #[target_feature(enable = $features)]
        fn quantize_row(
            x: &mut [f32],
            splits: &$crate::kernels::Splits<'_>,
            saved: &mut [f32],
            offset: i32,
            out: &mut [u8],
        ) -> $crate::kernels::RowScale {
            $crate::kernels::simd16::quantize::quantize_row::<$lanes>(<$lanes>::here(), x, splits, saved, offset, out)
        }

        #[target_feature(enable = $features)]
        fn quantize_heads(x: &[f32], size: usize, offset: i32, stride: usize, out: &mut [u8], scales: &mut [f32]) {
            $crate::kernels::simd16::quantize::quantize_heads::<$lanes>(
                <$lanes>::here(),
                x,
                size,
                offset,
                stride,
                out,
                scales,
            );
        }

        #[target_feature(enable = $features)]
        fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
            $crate::kernels::simd16::rows::layer_norm::<$lanes>(<$lanes>::here(), x, weight, bias, eps);
        }

        #[target_feature(enable = $features)]
        fn softmax(
            scores: &[i32],
            keys: &$crate::kernels::Keys<'_>,
            factor: f32,
            offset: i32,
            scratch: &mut [f32],
            out: &mut [u8],
        ) -> f32 {
            $crate::kernels::simd16::rows::softmax::<$lanes>(
                <$lanes>::here(),
                scores,
                keys,
                factor,
                offset,
                scratch,
                out,
            )
        }

        #[target_feature(enable = $features)]
        fn softmax_f32(x: &mut [f32], factor: f32) {
            $crate::kernels::simd16::rows::softmax_f32::<$lanes>(<$lanes>::here(), x, factor);
        }
    };
}
pub(super) use row_kernels;

/// As [`row_kernels`]: what applies activation functions.
macro_rules! activation_kernels {
    ($lanes:ty, $features:literal) => {
        #[target_feature(enable = $features)]
        fn dequantize(
            tile: &$crate::kernels::Tile,
            sums: &[i32],
            rows: &[$crate::kernels::RowScale],
            channels: &$crate::kernels::Channels<'_>,
            store: $crate::kernels::Store,
            out: &mut [f32],
        ) {
            $crate::kernels::simd16::rows::dequantize::<$lanes>(
                <$lanes>::here(),
                tile,
                sums,
                rows,
                channels,
                store,
                out,
            );
        }

        #[target_feature(enable = $features)]
        fn activate(activation: $crate::config::Activation, x: &mut [f32]) {
            $crate::kernels::simd16::rows::activate::<$lanes>(<$lanes>::here(), activation, x);
        }
    };
}
pub(super) use activation_kernels;
