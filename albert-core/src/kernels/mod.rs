//! Kernel sets: the inner loops, one file per instruction set.
//!
//! [`scalar`] is the definition of the arithmetic. Every other set returns the same bits for everything that an int8 or
//! 4-bit model uses; `conformance` in the tests package proves it for each set in [`compiled`]. A set is a table of
//! functions with the same names in every file; one that has nothing better for an entry takes it from its parent.
//!
//! Rules that keep the bits equal (see `docs/numerics.md`):
//! - no fused multiply-add, no estimates: only correctly rounded `+ - * / sqrt` and comparisons;
//! - a sum over n elements uses 16 partial sums (element j goes to sum j mod 16, in order of j, each starting at +0.0),
//!   folded 8+8, 4+4, 2+2, 1+1;
//! - minima and maxima are selections `if x < m { x } else { m }`, free of order;
//! - rounding is to nearest, ties to even;
//! - one polynomial each for `exp2`, `erf`, `tanh`, in `math`.
//!
//! Lengths are checked at the kernel's door: a call whose slices are too short for its sizes does nothing.

mod math;
pub mod scalar;

use crate::config::Activation;

/// How one row of activations was rounded: value = `scale` x (byte - `zero`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowScale {
    /// Size of one step.
    pub scale: f32,
    /// The byte that stands for 0.0, [`KernelSet::activation_offset`] included.
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

/// What `dequantize` does with the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Writes them.
    Write,
    /// Applies the activation function and writes the result.
    Activate(Activation),
    /// Adds them to what is there (the residual).
    Add,
}

/// Per-channel side of `dequantize`; each slice has at least the channels asked for.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a> {
    /// Weight scale of each channel.
    pub scales: &'a [f32],
    /// Sum of each channel's weights.
    pub sums: &'a [i32],
    /// Bias of each channel.
    pub bias: &'a [f32],
}

/// Per-key side of `softmax`; each slice has at least the keys asked for.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// `activation_offset` times the sum of the key's bytes: what the offset of the query's bytes adds to a score.
    pub offsets: &'a [i32],
    /// Scale of each key.
    pub scales: &'a [f32],
    /// Scale of each value.
    pub value_scales: &'a [f32],
}

/// Sizes of a tile that `dequantize` reads and writes.
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

/// The functions of one instruction set.
#[derive(Clone, Copy)]
pub struct KernelSet {
    /// Name, as `--isa` takes it.
    pub name: &'static str,
    /// Whether this CPU can run the set; asked before the set is handed out.
    pub available: fn() -> bool,
    /// Added to every quantized activation before it is stored as a byte: 0 (bytes are i8) or 128 (bytes are u8).
    pub activation_offset: i32,

    /// `sums[r * row_sums + n] = Σ_k a[r * row_bytes + k] * w[block n/16][k/4][n%16][k%4]`, exact in i32. Bytes of `a` are
    /// i8 or u8 as `activation_offset` says.
    pub matmul_i8: fn(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]),
    /// As `matmul_i8` in f32, `w[block n/16][k][n%16]`; the order of the sum is the set's own.
    pub matmul_f32: fn(size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]),
    /// As `matmul_f32` with IEEE binary16 weights.
    pub matmul_f16: fn(size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]),
    /// `out[r][n] = store(((sums[r][n] - rows[r].zero * channels.sums[n]) as f32 * channels.scales[n]) * rows[r].scale +
    /// channels.bias[n])`, multiplications and addition rounded one by one; integer part wrapping.
    pub dequantize: fn(tile: &Tile, sums: &[i32], rows: &[RowScale], channels: &Channels<'_>, store: Store, out: &mut [f32]),
    /// `(min(0, min x), max(0, max x))`.
    pub range: fn(x: &[f32]) -> (f32, f32),
    /// `out[j] = (clamp(round(x[j] * inverse) + zero, -127, 127) + offset) as u8`, for `|x[j] * inverse| < 2^22`.
    pub quantize: fn(x: &[f32], inverse: f32, zero: i32, offset: i32, out: &mut [u8]),
    /// In place: `(x - mean) * (1 / sqrt(variance + eps)) * weight + bias`, multiplications from left to right; mean and
    /// (biased) variance are 16-lane sums divided by the length.
    pub layer_norm: fn(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32),
    /// Softmax of one row of integer scores in base 2, folded with the value scales and rounded to bytes.
    ///
    /// `t[j] = (scores[j] - keys.offsets[j]) as f32 * keys.scales[j] * factor` (the integer part wrapping), `e[j] = exp2(t[j] - max t)`, `v[j] = e[j] * keys.value_scales[j]`,
    /// `out[j] = (round(v[j] * (254 / max v)) - 127 + activation_offset) as u8`, for all j < `out.len()`; returns
    /// `max v / 254 / Σ e` (16-lane sum), or 0 with every `v` at 0 when `max v` is below [`SMALLEST_RANGE`].
    /// `scratch` has the length of `out`.
    pub softmax: fn(scores: &[i32], keys: &Keys<'_>, factor: f32, scratch: &mut [f32], out: &mut [u8]) -> f32,
    /// In place: `exp2(x * factor - max)` divided by the 16-lane sum: softmax in base 2 for float models.
    pub softmax_f32: fn(x: &mut [f32], factor: f32),
    /// The activation function in place.
    pub activate: fn(activation: Activation, x: &mut [f32]),
}

/// Ranges below this are taken as zero, so that no reciprocal overflows.
pub const SMALLEST_RANGE: f32 = 1e-30;

impl core::fmt::Debug for KernelSet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name)
    }
}

/// Why a kernel set cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelError {
    /// No set of this name was compiled in.
    Unknown,
    /// This CPU lacks the instructions.
    Unavailable,
}

/// Every set that was compiled in, best first, scalar last.
pub fn compiled() -> &'static [&'static KernelSet] {
    &[&scalar::SET]
}

/// The best set that this CPU can run.
pub fn detect() -> &'static KernelSet {
    compiled().iter().copied().find(|set| (set.available)()).unwrap_or(&scalar::SET)
}

/// The set of this name, when it was compiled in and this CPU can run it.
pub fn by_name(name: &str) -> Result<&'static KernelSet, KernelError> {
    let set = compiled().iter().copied().find(|set| set.name == name).ok_or(KernelError::Unknown)?;
    if (set.available)() { Ok(set) } else { Err(KernelError::Unavailable) }
}
