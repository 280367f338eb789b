//! x86-64: AVX2, AVX-VNNI, AVX-512 VNNI and AMX, chosen by `cpuid`.

mod amx;
mod avx2;
mod avx512;
mod avxvnni;
mod codebook;
mod detect;
mod float;

use super::{KernelSet, packed, scalar};
use core::arch::x86_64::_mm_prefetch;

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

/// Fetches the cache line of an address, which may be any.
#[inline(always)]
fn prefetch<const HINT: i32>(address: *const i8) {
    // SAFETY: a prefetch reads nothing that the program sees, and SSE is a part of x86-64.
    unsafe { _mm_prefetch::<HINT>(address) }
}
