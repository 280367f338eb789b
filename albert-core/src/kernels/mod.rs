//! Kernel sets: the inner loops, one folder per architecture.
//!
//! [`detect`] gives the best set that this CPU can run, [`by_name`] a certain one; [`compiled`] lists all.
//!
//! The scalar set is the definition of the arithmetic. Every other set returns the same bits for everything that an int8 or
//! 4-bit model uses; `kernel_conformance` proves it for each set in [`compiled`]. A set is a table
//! of functions with the same names in every file; one that has nothing better for an entry takes it from its parent.
//! [`Kernels`] is the way to call them: it is handed out only when the CPU can run the set, and checks lengths once, in
//! one place. `docs/porting.md` says how to add a set.
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
mod aarch64;
#[cfg(all(target_arch = "arm", any(target_os = "linux", target_os = "android")))]
mod arm;
mod checked;
mod codebook;
mod columns;
#[cfg(arm_dsp)]
mod cortex_m;
mod dispatch;
mod interleave;
#[doc(hidden)]
pub mod internals;
mod math;
#[cfg(test)]
mod math_errors;
#[cfg(not(any(
    arm_dsp,
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128"),
)))]
mod packed;
#[cfg(all(target_arch = "riscv64", any(target_os = "linux", target_os = "android")))]
mod riscv;
mod scalar;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128"),
))]
#[cfg_attr(
    target_arch = "wasm32",
    allow(dead_code, unused_imports, unused_macros, reason = "activation functions have a pass of their own there")
)]
mod simd16;
mod types;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128"),
))]
mod unrolled;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
use aarch64::SETS;
#[cfg(all(target_arch = "arm", any(target_os = "linux", target_os = "android")))]
use arm::SETS;
#[cfg(arm_dsp)]
use cortex_m::SETS;
#[cfg(not(any(
    arm_dsp,
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "arm", any(target_os = "linux", target_os = "android")),
    all(target_arch = "riscv64", any(target_os = "linux", target_os = "android")),
    all(target_arch = "wasm32", target_feature = "simd128"),
)))]
use packed::SETS;
#[cfg(all(target_arch = "riscv64", any(target_os = "linux", target_os = "android")))]
use riscv::SETS;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use wasm::SETS;
#[cfg(target_arch = "x86_64")]
use x86::SETS;

pub use checked::Kernels;
pub(crate) use codebook::{CodebookPanel, Levels};
pub use dispatch::{KernelError, KernelSet, by_name, compiled, detect};
pub(crate) use interleave::interleave;
pub(crate) use math::{exp2, square_root};
pub(crate) use types::{
    Channels, FloatProduct, Keys, LinearProduct, Product, RowScale, SMALLEST_RANGE, Splits, Store, Tile,
};
