//! What the tests share: sets that run here, fillings, comparisons.

use albert_core::kernels::{self, KernelSet, Kernels};

/// Fills every gap and every place around an output; a kernel that writes there changes it.
pub(crate) const GUARD: u32 = 0xabcd_1234;

/// A small generator (SplitMix64), so that failures repeat.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Even in [-1, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    }

    /// In [-127, 127].
    pub(crate) fn byte(&mut self) -> i8 {
        ((self.next() % 255) as i16 - 127) as i8
    }
}

/// The sets other than scalar that this CPU runs. Says which run, and fails when one does not that the standard library finds the
/// instructions for, or that `ALBERT_MUST_RUN` names.
pub(crate) fn sets() -> Vec<Kernels> {
    let (run, skipped): (Vec<&KernelSet>, Vec<&KernelSet>) =
        kernels::compiled().iter().partition(|set| set.kernels().is_some());
    eprintln!("kernel sets that run: {run:?}; skipped, because this CPU lacks them: {skipped:?}");
    let required = std::env::var("ALBERT_MUST_RUN").unwrap_or_default();
    let required = required.split(',').map(str::trim).filter(|name| !name.is_empty());
    for name in required.chain(found()) {
        assert!(run.iter().any(|set| set.name() == name), "{name} must run, but only {run:?} can");
    }
    run.iter().filter(|set| set.name() != "scalar").filter_map(|set| set.kernels()).collect()
}

/// The sets whose instructions the standard library finds, and for AMX the operating system.
#[cfg(target_arch = "x86_64")]
fn found() -> Vec<&'static str> {
    use std::is_x86_feature_detected as has;
    let avx2 = has!("avx2") && has!("fma") && has!("f16c");
    let avx512 =
        has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") && has!("avx512vnni") && avx2;
    let amx = std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains(" amx_int8"));
    let sets = [
        ("avx2", avx2),
        ("avxvnni", avx2 && has!("avxvnni")),
        ("avx512vnni", avx512),
        ("avx512gfni", avx512 && has!("gfni")),
        ("amx", avx512 && has!("gfni") && amx),
    ];
    sets.into_iter().filter(|set| set.1).map(|set| set.0).collect()
}

/// The sets whose instructions the standard library finds.
#[cfg(target_arch = "aarch64")]
fn found() -> Vec<&'static str> {
    use std::arch::is_aarch64_feature_detected as has;
    let sets = [("neon", true), ("neondot", has!("dotprod")), ("neoni8mm", has!("dotprod") && has!("i8mm"))];
    sets.into_iter().filter(|set| set.1).map(|set| set.0).collect()
}

/// The set whose instructions the operating system reports.
#[cfg(all(target_arch = "arm", target_os = "linux"))]
fn found() -> Vec<&'static str> {
    let neon = std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains(" neon"));
    if neon { vec!["neon32"] } else { Vec::new() }
}

/// Elsewhere what there is is known when the program is compiled.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", all(target_arch = "arm", target_os = "linux"))))]
fn found() -> Vec<&'static str> {
    Vec::new()
}

/// Equal bits, or both not a number.
pub(crate) fn assert_same(got: &[f32], want: &[f32], what: impl Fn() -> String) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
        assert!(
            same,
            "{}: element {i} is {got:e} ({:#x}), not {want:e} ({:#x})",
            what(),
            got.to_bits(),
            want.to_bits()
        );
    }
}

pub(crate) fn guard_f32(n: usize) -> Vec<f32> {
    vec![f32::from_bits(GUARD); n]
}

/// A way to fill bytes in [-127, 127].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bytes {
    Random,
    Alternating,
    Highest,
    Lowest,
    Zero,
}

impl Bytes {
    pub(crate) const ALL: [Self; 5] = [Self::Random, Self::Alternating, Self::Highest, Self::Lowest, Self::Zero];

    pub(crate) fn fill(self, n: usize, random: &mut Random) -> Vec<i8> {
        let byte = |i: usize| match self {
            Self::Random => random.byte(),
            Self::Alternating => [127, -127][i % 2],
            Self::Highest => 127,
            Self::Lowest => -127,
            Self::Zero => 0,
        };
        (0..n).map(byte).collect()
    }
}

/// Every short length, and those of real models.
pub(crate) fn lengths() -> impl Iterator<Item = usize> {
    (1..=100).chain([127, 128, 129, 312, 511, 512, 768, 1248, 3072])
}

/// A way to fill floats.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Floats {
    Normal,
    Wide,
    Tiny,
    Zero,
    Edges,
}

impl Floats {
    pub(crate) const ALL: [Self; 5] = [Self::Normal, Self::Wide, Self::Tiny, Self::Zero, Self::Edges];

    pub(crate) fn fill(self, n: usize, random: &mut Random) -> Vec<f32> {
        const EDGES: [f32; 14] =
            [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e30, -1e30, 1e-45, -1e-45, f32::MIN_POSITIVE, 0.625, -0.625];
        let float = |_| match self {
            Self::Normal => random.unit() * 8.0,
            Self::Wide => random.unit() * 2f32.powi((random.next() % 60) as i32 - 40),
            Self::Tiny => f32::from_bits((random.next() as u32 & 0x807f_ffff) >> (random.next() % 2)),
            Self::Zero => [0.0, -0.0][(random.next() % 2) as usize],
            Self::Edges => EDGES[(random.next() % 14) as usize],
        };
        (0..n).map(float).collect()
    }
}

/// Weights in the blocked layout, and a plain product to compare with.
pub(crate) struct Weights {
    pub(crate) k_groups: usize,
    pub(crate) values: Vec<i8>,
}

impl Weights {
    pub(crate) fn at(&self, channel: usize, place: usize) -> i32 {
        i32::from(self.values[((channel / 16 * self.k_groups + place / 4) * 16 + channel % 16) * 4 + place % 4])
    }

    pub(crate) fn sum(&self, channel: usize) -> i32 {
        (0..self.k_groups * 4).map(|place| self.at(channel, place)).sum()
    }
}
