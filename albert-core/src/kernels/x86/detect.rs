//! What this x86-64 CPU and its operating system can run, without std.

use core::arch::x86_64::{__cpuid_count, _xgetbv, CpuidResult};
use core::sync::atomic::{AtomicU8, Ordering};

/// Instruction sets that the kernels ask for; each counts only when the operating system saves its registers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Features {
    /// AVX2, FMA and F16C.
    pub(crate) avx2: bool,
    /// VNNI in its 256-bit VEX form.
    pub(crate) avx_vnni: bool,
    /// AVX-512 F, BW, DQ, VL and VNNI.
    pub(crate) avx512_vnni: bool,
    /// Products of bytes with matrices of bits, in any register that there is.
    pub(crate) gfni: bool,
    /// AMX tiles and their int8 products; the permission to use them is another matter.
    pub(crate) amx_int8: bool,
}

impl Features {
    /// A bit for each of them.
    fn bits(self) -> u8 {
        let Self { avx2, avx_vnni, avx512_vnni, gfni, amx_int8 } = self;
        [avx2, avx_vnni, avx512_vnni, gfni, amx_int8].into_iter().rev().fold(0, |bits, has| bits << 1 | u8::from(has))
    }

    fn from_bits(bits: u8) -> Self {
        let [avx2, avx_vnni, avx512_vnni, gfni, amx_int8] = [0, 1, 2, 3, 4].map(|bit| bits >> bit & 1 == 1);
        Self { avx2, avx_vnni, avx512_vnni, gfni, amx_int8 }
    }
}

/// [`Features::bits`], once the CPU has been asked.
static KNOWN: AtomicU8 = AtomicU8::new(0);
/// The bit of [`KNOWN`] that says so.
const ASKED: u8 = 1 << 7;

/// What the CPU says, which is asked once: under a hypervisor each question costs microseconds.
pub(crate) fn features() -> Features {
    let known = KNOWN.load(Ordering::Relaxed);
    if known & ASKED != 0 {
        return Features::from_bits(known);
    }
    let features = ask();
    KNOWN.store(features.bits() | ASKED, Ordering::Relaxed);
    features
}

fn ask() -> Features {
    let mut features = Features::default();
    if cfg!(miri) || cpuid(0, 0).eax < 7 {
        return features;
    }
    let (basic, extended) = (cpuid(1, 0).ecx, cpuid(7, 0));
    let subleaf = if extended.eax >= 1 { cpuid(7, 1).eax } else { 0 };
    if !has(basic, &[leaf_1_ecx::XSAVE, leaf_1_ecx::OSXSAVE]) {
        return features;
    }
    // SAFETY: the CPU has XSAVE, and the operating system has enabled it (OSXSAVE).
    let saved = unsafe { saved_state() };
    let saves = |mask: u64| saved & mask == mask;

    features.avx2 = saves(AVX_STATE)
        && has(basic, &[leaf_1_ecx::FMA, leaf_1_ecx::AVX, leaf_1_ecx::F16C])
        && has(extended.ebx, &[leaf_7_ebx::AVX2]);
    features.avx_vnni = features.avx2 && has(subleaf, &[leaf_7_1_eax::AVX_VNNI]);
    features.avx512_vnni = features.avx2
        && saves(AVX512_STATE)
        && has(extended.ebx, &[leaf_7_ebx::AVX512F, leaf_7_ebx::AVX512DQ, leaf_7_ebx::AVX512BW, leaf_7_ebx::AVX512VL])
        && has(extended.ecx, &[leaf_7_ecx::AVX512_VNNI]);
    features.gfni = has(extended.ecx, &[leaf_7_ecx::GFNI]);
    features.amx_int8 = saves(TILE_STATE) && has(extended.edx, &[leaf_7_edx::AMX_TILE, leaf_7_edx::AMX_INT8]);
    features
}

#[allow(unused_unsafe, reason = "a safe function from Rust 1.93 on")]
fn cpuid(leaf: u32, subleaf: u32) -> CpuidResult {
    // SAFETY: every x86-64 CPU has the instruction; leaves that it has not are zero or those of another.
    unsafe { __cpuid_count(leaf, subleaf) }
}

/// Whether all of these bits are set.
fn has(register: u32, bits: &[u32]) -> bool {
    bits.iter().all(|&bit| register >> bit & 1 == 1)
}

/// The registers that the operating system saves, a bit each.
#[target_feature(enable = "xsave")]
fn saved_state() -> u64 {
    // SAFETY: register 0 exists wherever the instruction does.
    unsafe { _xgetbv(0) }
}

/// XMM and YMM registers.
const AVX_STATE: u64 = 0b110;
/// XMM, YMM, ZMM and mask registers.
const AVX512_STATE: u64 = 0b1110_0110;
/// Tile configuration and tiles.
const TILE_STATE: u64 = 0b11 << 17;

/// Bits of leaf 1.
mod leaf_1_ecx {
    pub(crate) const FMA: u32 = 12;
    pub(crate) const XSAVE: u32 = 26;
    pub(crate) const OSXSAVE: u32 = 27;
    pub(crate) const AVX: u32 = 28;
    pub(crate) const F16C: u32 = 29;
}

/// Bits of leaf 7.
mod leaf_7_ebx {
    pub(crate) const AVX2: u32 = 5;
    pub(crate) const AVX512F: u32 = 16;
    pub(crate) const AVX512DQ: u32 = 17;
    pub(crate) const AVX512BW: u32 = 30;
    pub(crate) const AVX512VL: u32 = 31;
}

/// Bits of leaf 7.
mod leaf_7_ecx {
    pub(crate) const GFNI: u32 = 8;
    pub(crate) const AVX512_VNNI: u32 = 11;
}

/// Bits of leaf 7.
mod leaf_7_edx {
    pub(crate) const AMX_TILE: u32 = 24;
    pub(crate) const AMX_INT8: u32 = 25;
}

/// Bits of leaf 7, subleaf 1.
mod leaf_7_1_eax {
    pub(crate) const AVX_VNNI: u32 = 4;
}
