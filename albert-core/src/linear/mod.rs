//! A linear on a tile of rows: quantize, multiply, dequantize, store.

mod codebook;
mod float;
mod input;
mod int8;
mod splits;

use crate::build_features::{CODEBOOK, FLOAT};
use crate::codebook::Panels;
use crate::format::layout::PANEL_CHANNELS;
use crate::format::{Linear, Weights};
use crate::kernels::{Channels, Kernels, Store};
use crate::memory::arena::{Products, Scratch};
use crate::memory::{Columns, Rows};
use crate::slices::ruled_out;
use core::ops::Range;

pub(crate) use input::Input;
pub(crate) use int8::quantize;

/// `out = store(x Wᵀ + b)` for some output channels, from a multiple of 16 on.
pub(crate) fn multiply(
    kernels: Kernels,
    linear: &Linear<'_>,
    channels: Range<usize>,
    x: &Input<'_, '_>,
    store: Store,
    out: Columns<'_>,
    products: &mut Products<'_>,
) {
    let matrix = &linear.matrix;
    let panels = channels.start / PANEL_CHANNELS..channels.end.div_ceil(PANEL_CHANNELS);
    match matrix.weights {
        Weights::I8 { values, scales, sums } => {
            let channels = Channels { scales: scales.exact(), sums, bias: linear.bias };
            int8::multiply(kernels, matrix, values, panels, &channels, store, out, x.quantized, products);
        }
        Weights::Codebook { dtype, panels: bytes, scales, sums } if CODEBOOK => {
            let stored = Panels { dtype, panels: bytes, places: matrix.places() };
            let channels = Channels { scales: &[], sums, bias: linear.bias };
            codebook::multiply(
                kernels,
                &stored,
                panels,
                matrix.rows,
                scales,
                &channels,
                store,
                out,
                x.quantized,
                products,
            );
        }
        Weights::F32(weights) if FLOAT => {
            float::multiply(kernels, linear, float::Weights::F32(weights), channels, x, store, out, products);
        }
        Weights::F16(weights) if FLOAT => {
            float::multiply(kernels, linear, float::Weights::F16(weights), channels, x, store, out, products);
        }
        _ => ruled_out(),
    }
}

/// [`quantize`] and [`multiply`], all channels.
pub(crate) fn linear(
    kernels: Kernels,
    linear: &Linear<'_>,
    x: &mut Rows<'_>,
    store: Store,
    out: Columns<'_>,
    scratch: &mut Scratch<'_>,
) {
    quantize(kernels, &linear.matrix, x, &mut scratch.quantized, &mut scratch.quantization);
    let input = Input { rows: x.data, stride: x.stride, quantized: &scratch.quantized };
    multiply(kernels, linear, 0..linear.matrix.rows, &input, store, out, &mut scratch.products);
}
