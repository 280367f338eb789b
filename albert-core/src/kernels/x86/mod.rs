//! x86-64: AVX2, AVX-VNNI, AVX-512 VNNI and AMX, chosen by `cpuid`.

mod amx;
mod avx2;
mod avx512;
mod avxvnni;
mod codebook;
mod detect;
mod float;

use super::{KernelSet, packed, scalar};

/// The sets, best first.
pub(super) const SETS: &[&KernelSet] = &[
    &amx::SET,
    &avx512::GFNI_SET,
    &avx512::SET,
    &avxvnni::SET,
    &avx2::SET,
    &packed::SET64,
    &packed::SET32,
    &scalar::SET,
];
