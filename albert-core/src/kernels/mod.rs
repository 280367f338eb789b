//! Kernel sets: the inner loops, one file per instruction set.
//!
//! [`scalar`] is the definition of the arithmetic. Every other set returns the same bits for everything that an int8 or
//! 4-bit model uses; `kernel_conformance` in the tests package proves it for each set in [`compiled`]. A set is a table
//! of functions with the same names in every file; one that has nothing better for an entry takes it from its parent.
//! [`Kernels`] is the way to call them: it is handed out only when the CPU can run the set, and checks lengths once, at
//! the door. `docs/porting.md` says how to add a set.
//!
//! Rules that keep the bits equal (see `docs/numerics.md`):
//! - no fused multiply-add, no estimates: only correctly rounded `+ - * / sqrt` and comparisons;
//! - a sum over n elements uses 16 partial sums (element j goes to sum j mod 16, in order of j, each starting at +0.0),
//!   folded 8+8, 4+4, 2+2, 1+1;
//! - minima and maxima are selections `if x < m { x } else { m }`, free of order;
//! - rounding is to nearest, ties to even;
//! - one polynomial each for `exp2`, `tanh`, `erfc`, in `math`.

#![allow(unsafe_code)]

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64_codebook;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64_detect;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64_float;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64_neon;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64_neon_lanes;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64_neondot;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64_neoni8mm;
mod codebook;
#[cfg(arm_dsp)]
mod cortexm_dsp;
mod handle;
mod interleave;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128"),
))]
mod lanes;
mod math;
#[cfg(test)]
mod math_errors;
pub mod scalar;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128"),
))]
mod vector;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128"),
))]
mod vector_quantize;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_simd128;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_simd128_codebook;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_simd128_float;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_simd128_lanes;
#[cfg(target_arch = "x86_64")]
mod x86_amx;
#[cfg(target_arch = "x86_64")]
mod x86_amx_tiles;
#[cfg(target_arch = "x86_64")]
mod x86_avx2;
#[cfg(target_arch = "x86_64")]
mod x86_avx2_codebook;
#[cfg(target_arch = "x86_64")]
mod x86_avx2_lanes;
#[cfg(target_arch = "x86_64")]
mod x86_avx512_lanes;
#[cfg(target_arch = "x86_64")]
mod x86_avx512vnni;
#[cfg(target_arch = "x86_64")]
mod x86_avx512vnni_codebook;
#[cfg(target_arch = "x86_64")]
mod x86_avx512vnni_panel_tile;
#[cfg(target_arch = "x86_64")]
mod x86_avxvnni;
#[cfg(target_arch = "x86_64")]
mod x86_codebook;
#[cfg(target_arch = "x86_64")]
mod x86_detect;
#[cfg(target_arch = "x86_64")]
mod x86_float;

pub use codebook::{CodebookPanel, scaled};
pub use handle::Kernels;
pub(crate) use interleave::interleave;
pub use math::half_to_f32;
pub(crate) use math::square_root;

/// 2^x, the same bits on every instruction set.
pub(crate) fn exp2(x: f32) -> f32 {
    math::exp2(x)
}

use crate::config::Activation;

/// How one row of activations was rounded: value = `scale` x (byte - `zero`).
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct RowScale {
    /// Size of one step.
    pub scale: f32,
    /// The byte that stands for 0.0, [`Kernels::activation_offset`] included.
    pub zero: i32,
}

/// Sizes of a blocked matrix product: `rows` x `steps * 4` bytes by `blocks * 16` channels.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Rows of activations.
    pub rows: usize,
    /// Bytes from one row of activations to the next, at least `steps * 4`.
    pub row_bytes: usize,
    /// Input slots divided by 4.
    pub steps: usize,
    /// Blocks of 16 output channels.
    pub blocks: usize,
    /// Elements from one row of the result to the next, at least `blocks * 16`.
    pub row_sums: usize,
    /// Whether the weights go on after these blocks and are wanted next, so that a kernel may fetch them; a hint.
    pub continues: bool,
}

/// Sizes of a float matrix product: `rows` x `inputs` by `blocks * 16` channels.
#[derive(Clone, Copy, Debug)]
pub struct FloatProduct {
    /// Rows of activations.
    pub rows: usize,
    /// Elements from one row of activations to the next, at least `inputs`.
    pub row_inputs: usize,
    /// Inputs.
    pub inputs: usize,
    /// Blocks of 16 output channels.
    pub blocks: usize,
    /// Elements from one row of the result to the next, at least `blocks * 16`.
    pub row_outputs: usize,
}

/// What [`Kernels::dequantize`] does with the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Writes them.
    Write,
    /// Applies the activation function and writes the result.
    Activate(Activation),
    /// Adds them to what is there (the residual).
    Add,
}

/// Per-channel side of [`Kernels::dequantize`]; each slice has at least the channels asked for.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a> {
    /// Weight scale of each channel.
    pub scales: &'a [f32],
    /// Sum of each channel's weights.
    pub sums: &'a [i32],
    /// Bias of each channel.
    pub bias: &'a [f32],
}

impl<'a> Channels<'a> {
    /// `count` channels from `first` on, or as many as there are.
    pub(crate) fn part(&self, first: usize, count: usize) -> Self {
        fn part<T>(all: &[T], first: usize, count: usize) -> &[T] {
            let rest = all.get(first..).unwrap_or(&[]);
            rest.get(..count).unwrap_or(rest)
        }
        Self {
            scales: part(self.scales, first, count),
            sums: part(self.sums, first, count),
            bias: part(self.bias, first, count),
        }
    }
}

/// Sizes of [`Kernels::linear_i8`]: `rows` x `steps * 4` bytes by `channels`.
#[derive(Clone, Copy, Debug)]
pub struct LinearProduct {
    /// Rows of activations.
    pub rows: usize,
    /// Bytes from one row of activations to the next, at least `steps * 4`.
    pub row_bytes: usize,
    /// Input slots divided by 4.
    pub steps: usize,
    /// Output channels; the weights have blocks of 16.
    pub channels: usize,
    /// Elements from one row of outputs to the next, at least `channels`.
    pub row_outputs: usize,
    /// As [`Product::continues`].
    pub continues: bool,
}

/// Per-key side of [`Kernels::softmax`]; each slice has at least the keys asked for.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// `activation_offset` times the sum of the key's bytes: what the offset of the query's bytes adds to a score.
    pub offsets: &'a [i32],
    /// Scale of each key.
    pub scales: &'a [f32],
    /// Scale of each value; not negative.
    pub value_scales: &'a [f32],
}

/// Channels of a linear's input that occupy several slots; the slices are as long as there are slots beyond one a channel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Splits<'a> {
    /// Channel of each extra slot, ascending.
    pub channels: &'a [u32],
    /// Slots of that channel, its own counted.
    pub copies: &'a [f32],
    /// Which of them it is, from 1 on; the channel's own slot is number 0.
    pub ranks: &'a [f32],
}

/// Sizes of a tile that [`Kernels::dequantize`] reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// Rows.
    pub rows: usize,
    /// Channels that are written; no more than the channels' slices hold.
    pub channels: usize,
    /// Elements from one row of sums to the next.
    pub row_sums: usize,
    /// Elements from one row of outputs to the next.
    pub row_outputs: usize,
}

/// Ranges below this are taken as zero, so that no reciprocal overflows.
pub const SMALLEST_RANGE: f32 = 1e-30;

/// The functions of one instruction set.
///
/// [`Kernels`] documents each entry. An entry may be called only on a CPU that runs the set, with slices that are long
/// enough for the sizes; [`Kernels`] makes sure of both.
#[derive(Clone, Copy)]
pub struct KernelSet {
    name: &'static str,
    available: fn() -> bool,
    activation_offset: i32,
    matmul_i8: unsafe fn(&Product, &[u8], &[i8], &mut [i32]),
    /// Does [`Kernels::linear_i8`] in one go, or returns false; `None` when the set has nothing better than a product and
    /// `dequantize`.
    linear: Option<FusedLinear>,
    matmul_f32: unsafe fn(&FloatProduct, &[f32], &[f32], &mut [f32]),
    matmul_f16: unsafe fn(&FloatProduct, &[f32], &[u16], &mut [f32]),
    expand: unsafe fn(&CodebookPanel<'_>, &mut [i8]),
    /// [`Kernels::multiply_panels`]; `None` when the set has nothing better than `expand` and a product.
    multiply_panels: Option<MultiplyPanels>,
    dequantize: Dequantize,
    quantize_heads: QuantizeHeads,
    quantize_row: QuantizeRow,
    layer_norm: unsafe fn(&mut [f32], &[f32], &[f32], f32),
    softmax: Softmax,
    softmax_f32: unsafe fn(&mut [f32], f32),
    activate: unsafe fn(Activation, &mut [f32]),
}

type FusedLinear = unsafe fn(&LinearProduct, &[u8], &[i8], &[RowScale], &Channels<'_>, Store, &mut [f32]) -> bool;
type MultiplyPanels = unsafe fn(&Product, &[u8], &[CodebookPanel<'_>], &mut [i8], &mut [i32]) -> bool;
type Dequantize = unsafe fn(&Tile, &[i32], &[RowScale], &Channels<'_>, Store, &mut [f32]);
type QuantizeHeads = unsafe fn(&[f32], usize, i32, usize, &mut [u8], &mut [f32]);
type QuantizeRow = unsafe fn(&mut [f32], &Splits<'_>, &mut [f32], i32, &mut [u8]) -> RowScale;
type Softmax = unsafe fn(&[i32], &Keys<'_>, f32, i32, &mut [f32], &mut [u8]) -> f32;

impl KernelSet {
    /// Name, as `--isa` takes it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The set's functions, when this CPU can run them.
    pub fn kernels(&'static self) -> Option<Kernels> {
        (self.available)().then_some(Kernels::new(self))
    }
}

impl core::fmt::Debug for KernelSet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name)
    }
}

/// Why a kernel set cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum KernelError {
    /// No set of this name was compiled in.
    Unknown,
    /// This CPU lacks the instructions.
    Unavailable,
}

/// Every set that was compiled in, best first, scalar last.
pub fn compiled() -> &'static [&'static KernelSet] {
    COMPILED
}

static COMPILED: &[&KernelSet] = &[
    #[cfg(target_arch = "x86_64")]
    &x86_amx::SET,
    #[cfg(target_arch = "x86_64")]
    &x86_avx512vnni::SET,
    #[cfg(target_arch = "x86_64")]
    &x86_avxvnni::SET,
    #[cfg(target_arch = "x86_64")]
    &x86_avx2::SET,
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    &aarch64_neoni8mm::SET,
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    &aarch64_neondot::SET,
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    &aarch64_neon::SET,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    &wasm_simd128::SET,
    #[cfg(arm_dsp)]
    &cortexm_dsp::SET,
    &scalar::SET,
];

/// The best set that this CPU can run.
pub fn detect() -> Kernels {
    // Named, so that nothing of the others is linked into firmware.
    #[cfg(arm_dsp)]
    return Kernels::new(&cortexm_dsp::SET);
    #[cfg(not(arm_dsp))]
    compiled().iter().find_map(|set| set.kernels()).unwrap_or(Kernels::SCALAR)
}

/// The set of this name, when it was compiled in and this CPU can run it.
pub fn by_name(name: &str) -> Result<Kernels, KernelError> {
    let set = compiled().iter().find(|set| set.name == name).ok_or(KernelError::Unknown)?;
    set.kernels().ok_or(KernelError::Unavailable)
}
