//! The table of functions that a kernel set is, and the choice of one.

use super::{
    Channels, CodebookPanel, FloatProduct, Kernels, Keys, LinearProduct, Product, RowScale, SETS, Splits, Store, Tile,
};
use crate::config::Activation;

/// The functions of one instruction set.
///
/// [`Kernels`] documents each entry. An entry may be called only on a CPU that runs the set, with slices that are long
/// enough for the sizes; [`Kernels`] makes sure of both.
#[derive(Clone, Copy)]
pub struct KernelSet {
    pub(super) name: &'static str,
    pub(super) available: fn() -> bool,
    pub(super) activation_offset: i32,
    pub(super) matmul_i8: unsafe fn(&Product, &[u8], &[i8], &mut [i32]),
    /// Does [`Kernels::linear_i8`] in one go, or returns false; `None` when the set has nothing better than a product and
    /// `dequantize`.
    pub(super) linear: Option<FusedLinear>,
    pub(super) matmul_f32: unsafe fn(&FloatProduct, &[f32], &[f32], &mut [f32]),
    pub(super) matmul_f16: unsafe fn(&FloatProduct, &[f32], &[u16], &mut [f32]),
    pub(super) expand: unsafe fn(&CodebookPanel<'_>, &mut [i8]),
    /// [`Kernels::multiply_panels`]; `None` when the set has nothing better than `expand` and a product.
    pub(super) multiply_panels: Option<MultiplyPanels>,
    /// See [`Kernels::panel_parts`].
    pub(super) panel_parts: bool,
    /// Whether a linear makes sums of as many channels at a time as there is room for, which takes fewer calls. Other sets make those of a
    /// group, and may keep things of their own in the room behind them.
    pub(super) wide_sums: bool,
    pub(super) dequantize: Dequantize,
    pub(super) quantize_heads: QuantizeHeads,
    pub(super) quantize_row: QuantizeRow,
    pub(super) layer_norm: unsafe fn(&mut [f32], &[f32], &[f32], f32),
    pub(super) softmax: Softmax,
    pub(super) softmax_f32: unsafe fn(&mut [f32], f32),
    pub(super) activate: unsafe fn(Activation, &mut [f32]),
}

pub(super) type FusedLinear =
    unsafe fn(&LinearProduct, &[u8], &[i8], &[RowScale], &Channels<'_>, Store, &mut [f32]) -> bool;
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
        // SAFETY: the set is available.
        (self.available)().then(|| unsafe { Kernels::new(self) })
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
#[non_exhaustive]
pub enum KernelError {
    /// No set of this name was compiled in.
    Unknown,
    /// This CPU lacks the instructions.
    Unavailable,
}

/// Every set that was compiled in, best first, scalar last.
pub fn compiled() -> &'static [&'static KernelSet] {
    SETS
}

/// The best set that this CPU can run.
pub fn detect() -> Kernels {
    // Named, so that nothing of the others is linked into firmware.
    const CERTAIN: Option<&KernelSet> =
        if cfg!(any(arm_dsp, all(target_os = "none", any(target_arch = "arm", target_arch = "riscv32")))) {
            SETS.first().copied()
        } else {
            None
        };
    match CERTAIN {
        // SAFETY: the program was compiled for it.
        Some(set) => unsafe { Kernels::new(set) },
        None => SETS.iter().find_map(|set| set.kernels()).unwrap_or(Kernels::SCALAR),
    }
}

/// The set of this name, when it was compiled in and this CPU can run it.
pub fn by_name(name: &str) -> Result<Kernels, KernelError> {
    let set = compiled().iter().find(|set| set.name == name).ok_or(KernelError::Unknown)?;
    set.kernels().ok_or(KernelError::Unavailable)
}
