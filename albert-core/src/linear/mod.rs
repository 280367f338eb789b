//! A linear on a tile of rows: quantize, multiply, dequantize, store.

mod codebook;
mod float;
mod input;
mod int8;
mod splits;

use crate::build_features::{CODEBOOK, FLOAT};
use crate::format::layout::{CodebookLayout, PANEL_CHANNELS};
use crate::format::{Linear, Weights};
use crate::kernels::{Channels, Kernels, Store};
use crate::memory::arena::{Products, Scratch};
use crate::memory::{Columns, Rows};
use crate::panels::Stored;
use crate::slices::ruled_out;
use bytemuck::must_cast_slice;
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
    let mut copies = core::mem::take(&mut products.copies);
    match matrix.weights {
        Weights::I8 { values, scales, sums } => {
            let channels = Channels { scales: scales.exact(), sums, bias: linear.bias };
            let stored = Stored::all(must_cast_slice(values));
            copies.for_panels(stored, int8::panel_bytes(matrix), panels, out, |stored, panels, out| {
                int8::multiply(kernels, matrix, stored, panels, &channels, store, out, x.quantized, products);
            });
        }
        Weights::Codebook { dtype, panels: bytes, .. } if CODEBOOK => {
            let stored = Stored::all(bytes);
            let panel_bytes = CodebookLayout::new(dtype, matrix.places()).bytes;
            copies.for_panels(stored, panel_bytes, panels, out, |stored, panels, out| {
                codebook::multiply(kernels, linear, stored, panels, store, out, x.quantized, products);
            });
        }
        Weights::F32(weights) if FLOAT => {
            float::multiply(kernels, linear, float::Weights::F32(weights), channels, x, store, out, products);
        }
        Weights::F16(weights) if FLOAT => {
            float::multiply(kernels, linear, float::Weights::F16(weights), channels, x, store, out, products);
        }
        _ => ruled_out(),
    }
    products.copies = copies;
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
