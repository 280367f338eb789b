//! Codebook expansion on x86-64: a table of 16 weights per 128-bit lane, looked up by `vpshufb`. Beside products it comes from memory,
//! else from one rounding multiplication.
//!
//! `vpmulhrsw` is `(a * b + 2^14) >> 15` on 16-bit lanes. With a level for `a` and `multiplier << 8` for `b` that is
//! `(level * multiplier + 64) >> 7`: the definition.

use super::prefetch;
use crate::kernels::CodebookPanel;
use crate::kernels::codebook::ScaledLevels;
use crate::kernels::unrolled::unrolled;
use core::arch::asm;
use core::arch::x86_64::*;

/// Bytes from the codes at hand to those that are fetched into the first-level cache: a panel follows the other.
pub(crate) const AHEAD: usize = 768;

/// In 128-bit lane n: byte n of a doubleword into the high half of each 16-bit lane, zero into the low.
const SPREAD: [u8; 64] = {
    let mut control = [0x80; 64];
    let mut index = 0;
    while index < 64 {
        control[index + 1] = (index / 16) as u8;
        index += 2;
    }
    control
};

/// In 128-bit lane n: the bytes of channels 4n to 4n + 3, four times each.
const CHANNELS: [u8; 64] = {
    let mut control = [0; 64];
    let mut index = 0;
    while index < 64 {
        control[index] = (index / 4) as u8;
        index += 1;
    }
    control
};

/// The bits of places 0 to 3 in the bytes of the high bits.
const PLACES: u32 = 0x0804_0201;

/// Units of two panels that are expanded at a time, in equal parts of at most 16 KB: they stay in the first-level cache. `None` when
/// `room`, in bytes, has none for a single one.
pub(crate) fn part_units(units: usize, room: usize) -> Option<usize> {
    let most = (room / UNIT_BYTES).min(PART_BYTES / UNIT_BYTES);
    (most > 0).then(|| units.div_ceil(units.div_ceil(most).max(1)))
}

/// Weights of a unit of two panels, and of a part.
const UNIT_BYTES: usize = 256;
const PART_BYTES: usize = 16384;

#[target_feature(enable = "avx2")]
#[inline(never)]
pub(crate) fn expand_avx2(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    if panel.high_bits.is_empty() { units_avx2::<false>(panel, out) } else { units_avx2::<true>(panel, out) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn units_avx2<const HIGH_BITS: bool>(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    // SAFETY: each load is of an array of that size.
    let (levels, spread, channels) = unsafe {
        let levels = |first: usize| _mm_loadl_epi64(panel.levels.as_ptr().add(first).cast());
        let halves = |control: &[u8; 64]| {
            let [low, high]: [*const u8; 2] = [control.as_ptr(), control.as_ptr().add(32)];
            [_mm256_loadu_si256(low.cast()), _mm256_loadu_si256(high.cast())]
        };
        let widen = |levels: __m128i| _mm256_broadcastsi128_si256(_mm_cvtepi8_epi16(levels));
        let levels = [widen(levels(0)), widen(levels(8)), widen(levels(16)), widen(levels(24))];
        (levels, halves(&SPREAD), halves(&CHANNELS))
    };
    let (nibble, places) = (_mm256_set1_epi8(15), _mm256_set1_epi32(PLACES as i32));
    let units = panel.codes.iter().zip(panel.multipliers).zip(out.as_chunks_mut::<128>().0);
    for (unit, ((codes, multipliers), out)) in units.enumerate() {
        prefetch::<_MM_HINT_T0>(codes.as_ptr().wrapping_add(AHEAD).cast());
        let multipliers = _mm256_set1_epi32(bytemuck::cast(*multipliers));
        let high_bits = panel.high_bits.get(unit).filter(|_| HIGH_BITS).copied().unwrap_or_default();
        unrolled!(half in [0 1], 2 => {
            let factors = _mm256_shuffle_epi8(multipliers, spread[half]);
            let scaled = |first: usize| _mm256_mulhrs_epi16(levels[first], factors);
            let table = _mm256_packs_epi16(scaled(0), scaled(1));
            // SAFETY: 64 bytes of codes; half is 0 or 1.
            let codes = unsafe { _mm256_loadu_si256(codes.as_ptr().add(half * 32).cast()) };
            let low = _mm256_and_si256(codes, nibble);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(codes), nibble);
            let (mut first, mut second) = (_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high));
            if HIGH_BITS {
                let upper = _mm256_packs_epi16(scaled(2), scaled(3));
                // SAFETY: 16 bytes of high bits.
                let bits = unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(high_bits.as_ptr().cast())) };
                let bits = _mm256_shuffle_epi8(bits, channels[half]);
                let set = |places: __m256i| _mm256_cmpeq_epi8(_mm256_and_si256(bits, places), places);
                first = _mm256_blendv_epi8(first, _mm256_shuffle_epi8(upper, low), set(places));
                let places = _mm256_slli_epi32::<4>(places);
                second = _mm256_blendv_epi8(second, _mm256_shuffle_epi8(upper, high), set(places));
            }
            // SAFETY: two K groups of 64 bytes; half is 0 or 1.
            unsafe {
                _mm256_storeu_si256(out.as_mut_ptr().add(half * 32).cast(), first);
                _mm256_storeu_si256(out.as_mut_ptr().add(64 + half * 32).cast(), second);
            }
        });
    }
}

/// # Safety
/// With `GFNI` the CPU has it.
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) unsafe fn expand_avx512<const GFNI: bool>(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    // SAFETY: the caller's promise.
    unsafe {
        if panel.high_bits.is_empty() {
            units_avx512::<false, GFNI>(panel, out);
        } else {
            units_avx512::<true, GFNI>(panel, out);
        }
    }
}

/// # Safety
/// With `GFNI` the CPU has it.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
unsafe fn units_avx512<const HIGH_BITS: bool, const GFNI: bool>(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    let expansion = Expansion512::new(panel);
    let units = panel.codes.iter().zip(panel.multipliers).zip(out.as_chunks_mut::<128>().0);
    for (unit, ((codes, &multipliers), out)) in units.enumerate() {
        prefetch::<_MM_HINT_T0>(codes.as_ptr().wrapping_add(AHEAD).cast());
        let high_bits = panel.high_bits.get(unit).filter(|_| HIGH_BITS);
        // SAFETY: the caller's promise.
        let weights = unsafe {
            let levels = expansion.multiplied::<HIGH_BITS>(multipliers);
            expansion.unit::<HIGH_BITS, GFNI>(codes, levels, high_bits.unwrap_or(&[0; 16]))
        };
        store_unit(weights, out);
    }
}

/// Writes the two K groups of a unit.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn store_unit([first, second]: [__m512i; 2], out: &mut [i8; 128]) {
    // SAFETY: two K groups of 64 bytes.
    unsafe {
        _mm512_storeu_si512(out.as_mut_ptr().cast(), first);
        _mm512_storeu_si512(out.as_mut_ptr().add(64).cast(), second);
    }
}

/// What the expansion of a unit needs, in registers.
#[derive(Clone, Copy)]
pub(crate) struct Expansion512 {
    /// Eight levels as 16-bit lanes, in every 128-bit lane.
    levels: [__m512i; 4],
    spread: __m512i,
    channels: __m512i,
    nibble: __m512i,
    /// The matrix of bits that takes the high half of a byte to the low one.
    high_half: __m512i,
    places: __m512i,
}

impl Expansion512 {
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn new(panel: &CodebookPanel<'_>) -> Self {
        // SAFETY: each load is of an array of that size.
        unsafe {
            let levels = |first: usize| _mm_loadl_epi64(panel.levels.as_ptr().add(first).cast());
            let widen = |levels: __m128i| _mm512_broadcast_i32x4(_mm256_castsi256_si128(_mm256_cvtepi8_epi16(levels)));
            Self {
                levels: [widen(levels(0)), widen(levels(8)), widen(levels(16)), widen(levels(24))],
                spread: _mm512_loadu_si512(SPREAD.as_ptr().cast()),
                channels: _mm512_loadu_si512(CHANNELS.as_ptr().cast()),
                nibble: _mm512_set1_epi8(15),
                high_half: _mm512_set1_epi64(0x1020_4080_0000_0000),
                places: _mm512_set1_epi32(PLACES as i32),
            }
        }
    }

    /// Levels times the multipliers, the first 16 and, with `HIGH_BITS`, the others.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn multiplied<const HIGH_BITS: bool>(&self, multipliers: [i8; 4]) -> [__m512i; 2] {
        let multipliers = _mm512_set1_epi32(bytemuck::cast(multipliers));
        let factors = _mm512_shuffle_epi8(multipliers, self.spread);
        let [a, b, c, d] = self.levels;
        let first = _mm512_packs_epi16(_mm512_mulhrs_epi16(a, factors), _mm512_mulhrs_epi16(b, factors));
        if !HIGH_BITS {
            return [first; 2];
        }
        [first, _mm512_packs_epi16(_mm512_mulhrs_epi16(c, factors), _mm512_mulhrs_epi16(d, factors))]
    }

    /// The weights of places 0 to 3 and 4 to 7 of a unit, `[16][4]` each, from levels times multipliers: the first 16 and, with
    /// `HIGH_BITS`, the others.
    ///
    /// # Safety
    /// With `GFNI` the CPU has it.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) unsafe fn unit<const HIGH_BITS: bool, const GFNI: bool>(
        &self,
        codes: &[u8; 64],
        [table, upper]: [__m512i; 2],
        high_bits: &[u8; 16],
    ) -> [__m512i; 2] {
        // SAFETY: 64 bytes of codes.
        let codes = unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) };
        let low = _mm512_and_si512(codes, self.nibble);
        let high = if GFNI {
            // SAFETY: the CPU has the instruction.
            unsafe { bits_of(codes, self.high_half) }
        } else {
            _mm512_and_si512(_mm512_srli_epi16::<4>(codes), self.nibble)
        };
        let [first, second] = [_mm512_shuffle_epi8(table, low), _mm512_shuffle_epi8(table, high)];
        if !HIGH_BITS {
            return [first, second];
        }
        // SAFETY: 16 bytes of high bits.
        let bits = unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(high_bits.as_ptr().cast())) };
        let bits = _mm512_shuffle_epi8(bits, self.channels);
        let lower_places = _mm512_test_epi8_mask(bits, self.places);
        let upper_places = _mm512_test_epi8_mask(bits, _mm512_slli_epi32::<4>(self.places));
        [
            _mm512_mask_shuffle_epi8(first, lower_places, upper, low),
            _mm512_mask_shuffle_epi8(second, upper_places, upper, high),
        ]
    }
}

/// Levels times the multipliers, the first 16 and, with `HIGH_BITS`, the others, from a table: the multiplications of
/// [`Expansion512::multiplied`] would take the ports of products.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn looked_up<const HIGH_BITS: bool>(levels: &ScaledLevels, multipliers: [i8; 4]) -> [__m512i; 2] {
    let mut found = [_mm512_setzero_si512(); 2];
    unrolled!(half in [0 1], 1 + usize::from(HIGH_BITS) => {
        let [a, b, c, d] = bytemuck::cast::<_, [u8; 4]>(multipliers);
        let scaled = &levels.0[half];
        // SAFETY: each load is of an array of 16 bytes.
        unsafe {
            let all = _mm512_broadcast_i32x4(_mm_loadu_si128(scaled[usize::from(a)].as_ptr().cast()));
            let all = _mm512_mask_broadcast_i32x4(all, 0xf0, _mm_loadu_si128(scaled[usize::from(b)].as_ptr().cast()));
            let all = _mm512_mask_broadcast_i32x4(all, 0xf00, _mm_loadu_si128(scaled[usize::from(c)].as_ptr().cast()));
            found[half] =
                _mm512_mask_broadcast_i32x4(all, 0xf000, _mm_loadu_si128(scaled[usize::from(d)].as_ptr().cast()));
        }
    });
    found
}

/// Each byte times a matrix of bits. Assembly, so that functions with and without GFNI are one function.
///
/// # Safety
/// The CPU has GFNI.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn bits_of(bytes: __m512i, matrix: __m512i) -> __m512i {
    let product;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "vgf2p8affineqb {}, {}, {}, 0",
            out(zmm_reg) product,
            in(zmm_reg) bytes,
            in(zmm_reg) matrix,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    product
}
