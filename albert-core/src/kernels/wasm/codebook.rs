//! Codebook expansion for WebAssembly: a table of weights made by one rounding multiplication, looked up by `i8x16.swizzle`.
//!
//! `i16x8.q15mulr_sat_s` is `(a * b + 2^14) >> 15`. With a level for `a` and `multiplier << 8` for `b` that is
//! `(level * multiplier + 64) >> 7`: the definition.

use crate::kernels::CodebookPanel;
use core::arch::wasm32::*;

/// The bits of places 0 to 3 in the bytes of the high bits.
const PLACES: u32 = 0x0804_0201;

pub(crate) fn expand(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    if panel.high_bits.is_empty() { units::<false>(panel, out) } else { units::<true>(panel, out) }
}

#[inline(always)]
fn units<const HIGH_BITS: bool>(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    // SAFETY: the array has 32 bytes.
    let levels = [0, 8, 16, 24].map(|first| unsafe { i16x8_load_extend_i8x8(panel.levels.as_ptr().add(first)) });
    let (nibble, places) = (u8x16_splat(15), u32x4_splat(PLACES));
    let units = panel.codes.iter().zip(panel.multipliers).zip(out.as_chunks_mut::<128>().0);
    for (unit, ((codes, multipliers), out)) in units.enumerate() {
        let high_bits = panel.high_bits.get(unit).filter(|_| HIGH_BITS).copied().unwrap_or_default();
        let (first, second) = out.split_at_mut(64);
        let quads = codes.as_chunks::<16>().0.iter().zip(high_bits.as_chunks::<4>().0).zip(multipliers);
        let outs = first.as_chunks_mut::<16>().0.iter_mut().zip(second.as_chunks_mut::<16>().0);
        for (((codes, &high_bits), &multiplier), (first, second)) in quads.zip(outs) {
            let factors = i16x8_splat(i16::from(multiplier) << 8);
            let [a, b, c, d] = levels.map(|levels| i16x8_q15mulr_sat(levels, factors));
            let table = i8x16_narrow_i16x8(a, b);
            // SAFETY: the array has 16 bytes; loads need no alignment.
            let codes = unsafe { v128_load(codes.as_ptr().cast()) };
            let codes = [v128_and(codes, nibble), u8x16_shr(codes, 4)];
            let mut weights = codes.map(|codes| i8x16_swizzle(table, codes));
            if HIGH_BITS {
                let upper = i8x16_narrow_i16x8(c, d);
                let bits = u32x4_splat(u32::from_le_bytes(high_bits));
                let bits = i8x16_shuffle::<0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3>(bits, bits);
                let set = |places: v128| i8x16_eq(v128_and(bits, places), places);
                let masks = [set(places), set(u32x4_shl(places, 4))];
                for ((weights, codes), mask) in weights.iter_mut().zip(codes).zip(masks) {
                    *weights = v128_bitselect(i8x16_swizzle(upper, codes), *weights, mask);
                }
            }
            // SAFETY: the arrays have 16 bytes; stores need no alignment.
            unsafe {
                v128_store(first.as_mut_ptr().cast(), weights[0]);
                v128_store(second.as_mut_ptr().cast(), weights[1]);
            }
        }
    }
}
