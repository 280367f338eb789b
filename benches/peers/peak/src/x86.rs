//! The loops for x86-64. Operands are zero, so that nothing saturates or becomes a denormal; the rate does not depend on
//! them. Accumulators are enough to cover the latency: 8 for the AVX2 form (16 registers hold no more with its
//! temporaries), 12 or 24 for the one-instruction forms.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

use crate::Loop;

/// Loops that this CPU can run.
pub(crate) fn available() -> Vec<Loop> {
    let features = [
        (is_x86_feature_detected!("avx2"), Loop { name: "avx2", macs: 8 * 32, run: avx2 }),
        (is_x86_feature_detected!("avxvnni"), Loop { name: "avxvnni", macs: 12 * 32, run: avxvnni }),
        (is_x86_feature_detected!("avx512vnni"), Loop { name: "avx512vnni", macs: 24 * 64, run: avx512vnni }),
        (amx::enable(), Loop { name: "amx", macs: 4 * amx::MACS, run: amx::run }),
        (is_x86_feature_detected!("fma"), Loop { name: "fma256", macs: 12 * 8, run: fma256 }),
        (is_x86_feature_detected!("avx512f"), Loop { name: "fma512", macs: 24 * 16, run: fma512 }),
    ];
    features.into_iter().filter_map(|(available, each)| available.then_some(each)).collect()
}

/// `op accumulator, y or z 30/13, 31/14` for each accumulator, then the end of the loop.
macro_rules! chains {
    ($turns:ident, $op:literal, $register:literal, $a:literal, $b:literal, [$($n:literal)*]) => {
        asm!(
            $(concat!("vpxor xmm", $n, ", xmm", $n, ", xmm", $n),)*
            concat!("vpxor xmm", $a, ", xmm", $a, ", xmm", $a),
            concat!("vpxor xmm", $b, ", xmm", $b, ", xmm", $b),
            "2:",
            $(concat!($op, " ", $register, $n, ", ", $register, $a, ", ", $register, $b),)*
            "dec {turns}",
            "jnz 2b",
            turns = inout(reg) $turns => _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _, out("xmm6") _,
            out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _, out("xmm12") _,
            out("xmm13") _, out("xmm14") _, out("xmm15") _,
            options(nomem, nostack),
        )
    };
}

/// As `chains`, with the registers that only AVX-512 has: 8 to 31.
macro_rules! chains512 {
    ($turns:ident, $op:literal, [$($n:literal)*]) => {
        asm!(
            $(concat!("vpxord zmm", $n, ", zmm", $n, ", zmm", $n),)*
            "vpxord zmm6, zmm6, zmm6",
            "vpxord zmm7, zmm7, zmm7",
            "2:",
            $(concat!($op, " zmm", $n, ", zmm6, zmm7"),)*
            "dec {turns}",
            "jnz 2b",
            turns = inout(reg) $turns => _,
            out("zmm6") _, out("zmm7") _, out("zmm8") _, out("zmm9") _, out("zmm10") _, out("zmm11") _,
            out("zmm12") _, out("zmm13") _, out("zmm14") _, out("zmm15") _, out("zmm16") _, out("zmm17") _,
            out("zmm18") _, out("zmm19") _, out("zmm20") _, out("zmm21") _, out("zmm22") _, out("zmm23") _,
            out("zmm24") _, out("zmm25") _, out("zmm26") _, out("zmm27") _, out("zmm28") _, out("zmm29") _,
            out("zmm30") _, out("zmm31") _,
            options(nomem, nostack),
        )
    };
}

/// i8 x i8 without VNNI, exact: the activation's sign moved to the weight, `maddubs` on the magnitudes, pairs added up.
macro_rules! signed_products {
    ($turns:ident, [$($n:literal $t:literal)*]) => {
        asm!(
            $(concat!("vpxor xmm", $n, ", xmm", $n, ", xmm", $n),)*
            "vpxor xmm12, xmm12, xmm12",
            "vpxor xmm13, xmm13, xmm13",
            "vpxor xmm14, xmm14, xmm14",
            "vpxor xmm15, xmm15, xmm15",
            "2:",
            $(
                concat!("vpxor ymm", $t, ", ymm13, ymm15"),
                concat!("vpmaddubsw ymm", $t, ", ymm12, ymm", $t),
                concat!("vpmaddwd ymm", $t, ", ymm", $t, ", ymm14"),
                concat!("vpaddd ymm", $n, ", ymm", $n, ", ymm", $t),
            )*
            "dec {turns}",
            "jnz 2b",
            turns = inout(reg) $turns => _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _, out("xmm6") _,
            out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _, out("xmm12") _,
            out("xmm13") _, out("xmm14") _, out("xmm15") _,
            options(nomem, nostack),
        )
    };
}

/// # Safety
/// The CPU has AVX2.
#[target_feature(enable = "avx2")]
unsafe fn avx2(turns: u64) {
    // SAFETY: `turns` is not zero; every register that is written is declared.
    unsafe { signed_products!(turns, [0 8 1 9 2 10 3 11 4 8 5 9 6 10 7 11]) }
}

/// # Safety
/// The CPU has AVX-VNNI.
#[target_feature(enable = "avxvnni")]
unsafe fn avxvnni(turns: u64) {
    // SAFETY: as in `avx2`.
    unsafe { chains!(turns, "{{vex}} vpdpbusd", "ymm", 13, 14, [0 1 2 3 4 5 6 7 8 9 10 11]) }
}

/// # Safety
/// The CPU has FMA.
#[target_feature(enable = "fma")]
unsafe fn fma256(turns: u64) {
    // SAFETY: as in `avx2`.
    unsafe { chains!(turns, "vfmadd231ps", "ymm", 13, 14, [0 1 2 3 4 5 6 7 8 9 10 11]) }
}

/// # Safety
/// The CPU has AVX-512 VNNI.
#[target_feature(enable = "avx512vnni")]
unsafe fn avx512vnni(turns: u64) {
    // SAFETY: as in `avx2`.
    unsafe { chains512!(turns, "vpdpbusd", [8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31]) }
}

/// # Safety
/// The CPU has AVX-512.
#[target_feature(enable = "avx512f")]
unsafe fn fma512(turns: u64) {
    // SAFETY: as in `avx2`.
    unsafe { chains512!(turns, "vfmadd231ps", [8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31]) }
}

/// Tile registers. The compiler uses none, so nothing has to be saved for it.
mod amx {
    use super::*;

    /// Operations of one product of full tiles: 16 x 16 sums of 64 products.
    pub(super) const MACS: u64 = 16 * 16 * 64;

    /// Palette 1, eight tiles of 16 rows of 64 bytes.
    const CONFIGURATION: [u8; 64] = {
        let mut bytes = [0; 64];
        bytes[0] = 1;
        let mut tile = 0;
        while tile < 8 {
            bytes[16 + 2 * tile] = 64;
            bytes[48 + tile] = 16;
            tile += 1;
        }
        bytes
    };

    /// Whether the CPU has int8 tiles and the kernel lets this thread use them.
    pub(super) fn enable() -> bool {
        const TILE_AND_INT8: u32 = 1 << 24 | 1 << 25;
        const ARCH_REQ_XCOMP_PERM: libc::c_int = 0x1023;
        const TILE_DATA: libc::c_ulong = 18;
        if __cpuid_count(7, 0).edx & TILE_AND_INT8 != TILE_AND_INT8 || !cfg!(target_os = "linux") {
            return false;
        }
        // SAFETY: asks for a permission; no memory is touched.
        unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) == 0 }
    }

    /// # Safety
    /// `enable` has returned true.
    pub(super) unsafe fn run(turns: u64) {
        // SAFETY: the configuration is 64 readable bytes; the tiles are released at the end.
        unsafe {
            asm!(
                "ldtilecfg [{configuration}]",
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "tilezero tmm4", "tilezero tmm5", "tilezero tmm6", "tilezero tmm7",
                "2:",
                "tdpbssd tmm0, tmm4, tmm6",
                "tdpbssd tmm1, tmm4, tmm7",
                "tdpbssd tmm2, tmm5, tmm6",
                "tdpbssd tmm3, tmm5, tmm7",
                "dec {turns}",
                "jnz 2b",
                "tilerelease",
                configuration = in(reg) CONFIGURATION.as_ptr(),
                turns = inout(reg) turns => _,
                options(readonly, nostack),
            );
        }
    }
}
