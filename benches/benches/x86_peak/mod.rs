//! Instruction peaks of x86-64: independent products from registers, in loops long enough to hide the rest.

use std::arch::asm;

/// A loop of products.
pub(crate) struct Peak {
    /// The kernel set whose instructions they are.
    pub(crate) set: &'static str,
    /// Multiplications of two bytes in one run.
    pub(crate) products: u64,
    /// Runs the loop, on a CPU where the set is available.
    pub(crate) run: unsafe fn(),
}

/// Rounds of each loop.
const ROUNDS: u64 = 2000;

/// One entry for each set that has instructions of its own.
pub(crate) const PEAKS: &[Peak] = &[
    Peak { set: "avx2", products: ROUNDS * 4 * 32, run: avx2 },
    Peak { set: "avxvnni", products: ROUNDS * 12 * 32, run: avxvnni },
    Peak { set: "avx512vnni", products: ROUNDS * 12 * 64, run: avx512vnni },
    Peak { set: "amx", products: ROUNDS * 4 * 16 * 16 * 64, run: amx },
];

/// w with the sign of a, |a| x that, pairs, sum: four instructions for 32 products.
unsafe fn avx2() {
    macro_rules! product {
        ($sum:literal, $scratch:literal) => {
            concat!(
                "vpxor ",
                $scratch,
                ", ymm15, ymm14\n",
                "vpmaddubsw ",
                $scratch,
                ", ymm13, ",
                $scratch,
                "\n",
                "vpmaddwd ",
                $scratch,
                ", ",
                $scratch,
                ", ymm12\n",
                "vpaddd ",
                $sum,
                ", ",
                $sum,
                ", ",
                $scratch,
                "\n",
            )
        };
    }
    // SAFETY: the CPU has AVX2; all registers are declared.
    unsafe {
        asm!(
            "2:",
            product!("ymm0", "ymm4"),
            product!("ymm1", "ymm5"),
            product!("ymm2", "ymm6"),
            product!("ymm3", "ymm7"),
            "dec {rounds}",
            "jnz 2b",
            rounds = inout(reg) ROUNDS => _,
            out("ymm0") _, out("ymm1") _, out("ymm2") _, out("ymm3") _,
            out("ymm4") _, out("ymm5") _, out("ymm6") _, out("ymm7") _,
            options(nomem, nostack),
        );
    }
}

/// Twelve `vpdpbusd` on registers of one width, each with a sum of its own.
macro_rules! twelve_products {
    ($name:ident, $prefix:literal, $register:literal) => {
        unsafe fn $name() {
            macro_rules! product {
                ($sum:literal) => {
                    concat!($prefix, "vpdpbusd ", $register, $sum, ", ", $register, "14, ", $register, "15")
                };
            }
            // SAFETY: the CPU has the instruction; all registers are declared.
            unsafe {
                asm!(
                    "2:",
                    product!("0"), product!("1"), product!("2"), product!("3"),
                    product!("4"), product!("5"), product!("6"), product!("7"),
                    product!("8"), product!("9"), product!("10"), product!("11"),
                    "dec {rounds}",
                    "jnz 2b",
                    rounds = inout(reg) ROUNDS => _,
                    out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
                    out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
                    options(nomem, nostack),
                );
            }
        }
    };
}

twelve_products!(avxvnni, "{{vex}} ", "ymm");
twelve_products!(avx512vnni, "", "zmm");

/// Four sums, two tiles of activations, two of weights.
unsafe fn amx() {
    #[repr(C, align(64))]
    struct Configuration([u8; 64]);
    let mut configuration = Configuration([0; 64]);
    configuration.0[0] = 1;
    for tile in 0..8 {
        configuration.0[16 + 2 * tile] = 64;
        configuration.0[48 + tile] = 16;
    }
    // SAFETY: the CPU has AMX, and asking for the kernel set has obtained the permission. No state is left behind.
    unsafe {
        asm!(
            "ldtilecfg [{configuration}]",
            "2:",
            "tdpbusd tmm0, tmm4, tmm6",
            "tdpbusd tmm1, tmm4, tmm7",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "dec {rounds}",
            "jnz 2b",
            "tilerelease",
            configuration = in(reg) &configuration,
            rounds = inout(reg) ROUNDS => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
