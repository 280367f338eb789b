//! Which bits of CPUID's answers each level hides.

use std::arch::x86_64::{__cpuid_count, CpuidResult};

/// What stays visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// AVX2 and FMA.
    Avx2,
    /// AVX2 and 256-bit AVX-VNNI, as Intel's client CPUs since Alder Lake.
    AvxVnni,
    /// AVX-512 with VNNI and bf16, as Ice Lake and Zen 4 to 5; no AMX, no fp16 arithmetic.
    Avx512,
}

impl Level {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "avx2" => Some(Self::Avx2),
            "avxvnni" => Some(Self::AvxVnni),
            "avx512" => Some(Self::Avx512),
            _ => None,
        }
    }
}

/// Bits to clear: leaf, subleaf, what they belong to, and masks for EAX, EBX, ECX, EDX. A bit goes when the level is at
/// or below the row's level.
const HIDDEN: [(u32, u32, Level, [u32; 4]); 8] = [
    // AMX bf16, tile, int8; AVX-512 fp16.
    (7, 0, Level::Avx512, [0, 0, 0, 1 << 22 | 1 << 23 | 1 << 24 | 1 << 25]),
    // AMX fp16; AMX complex, AVX10.
    (7, 1, Level::Avx512, [1 << 21, 0, 0, 1 << 8 | 1 << 19]),
    // AVX-512 F, DQ, IFMA, PF, ER, CD, BW, VL; VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ; 4VNNIW, 4FMAPS, VP2INTERSECT.
    (
        7,
        0,
        Level::AvxVnni,
        [
            0,
            1 << 16 | 1 << 17 | 1 << 21 | 0b111 << 26 | 1 << 30 | 1 << 31,
            1 << 1 | 1 << 6 | 1 << 11 | 1 << 12 | 1 << 14,
            1 << 2 | 1 << 3 | 1 << 8,
        ],
    ),
    // AVX-512 bf16.
    (7, 1, Level::AvxVnni, [1 << 5, 0, 0, 0]),
    // GFNI, which came after AVX2 in every family of CPUs.
    (7, 0, Level::Avx2, [0, 0, 1 << 8, 0]),
    // AVX-VNNI, AVX-IFMA; AVX-VNNI-INT8, AVX-NE-CONVERT, AVX-VNNI-INT16.
    (7, 1, Level::Avx2, [1 << 4 | 1 << 23, 0, 0, 1 << 4 | 1 << 5 | 1 << 10]),
    // AMX palettes and multiplier.
    (0x1d, 0, Level::Avx512, [u32::MAX; 4]),
    (0x1e, 0, Level::Avx512, [u32::MAX; 4]),
];

/// What the processor answers, less what `level` hides, and whether that is less.
pub(crate) fn answer(leaf: u32, subleaf: u32, level: Level) -> ([u32; 4], bool) {
    let CpuidResult { eax, ebx, ecx, edx } = __cpuid_count(leaf, subleaf);
    let whole = [eax, ebx, ecx, edx];
    let mut rest = whole;
    for (_, _, _, masks) in HIDDEN.iter().filter(|hidden| (hidden.0, hidden.1) == (leaf, subleaf) && level <= hidden.2)
    {
        rest.iter_mut().zip(masks).for_each(|(word, mask)| *word &= !mask);
    }
    (rest, rest != whole)
}
