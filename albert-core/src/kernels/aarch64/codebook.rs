//! Codebook expansion for NEON: a table of weights made by multiplication and rounding shift, looked up by `tbl`.

use crate::kernels::CodebookPanel;
use core::arch::aarch64::*;

/// The bytes of four channels, four times each.
const CHANNELS: [u8; 16] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3];
/// The bits of places 0 to 3 in the bytes of the high bits.
const PLACES: u32 = 0x0804_0201;

#[target_feature(enable = "neon")]
pub(crate) fn expand(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    if panel.high_bits.is_empty() { units::<false>(panel, out) } else { units::<true>(panel, out) }
}

#[inline]
#[target_feature(enable = "neon")]
fn units<const HIGH_BITS: bool>(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    // SAFETY: the arrays have 32 and 16 bytes.
    let (levels, channels) = unsafe {
        let levels = panel.levels.as_ptr();
        ([vld1q_s8(levels), vld1q_s8(levels.add(16))], vld1q_u8(CHANNELS.as_ptr()))
    };
    let places = vreinterpretq_u8_u32(vdupq_n_u32(PLACES));
    let units = panel.codes.iter().zip(panel.multipliers).zip(out.as_chunks_mut::<128>().0);
    for (unit, ((codes, multipliers), out)) in units.enumerate() {
        let high_bits = panel.high_bits.get(unit).filter(|_| HIGH_BITS).copied().unwrap_or_default();
        let (first, second) = out.split_at_mut(64);
        let quads = codes.as_chunks::<16>().0.iter().zip(high_bits.as_chunks::<4>().0).zip(multipliers);
        let outs = first.as_chunks_mut::<16>().0.iter_mut().zip(second.as_chunks_mut::<16>().0);
        for (((codes, &high_bits), &multiplier), (first, second)) in quads.zip(outs) {
            let table = levels.map(|levels| scaled(levels, vdup_n_s8(multiplier)));
            // SAFETY: the array has 16 bytes.
            let codes = unsafe { vld1q_u8(codes.as_ptr()) };
            let codes = [vandq_u8(codes, vdupq_n_u8(15)), vshrq_n_u8::<4>(codes)];
            let weights = if HIGH_BITS {
                let bits = vreinterpretq_u8_u32(vdupq_n_u32(u32::from_le_bytes(high_bits)));
                let bits = vqtbl1q_u8(bits, channels);
                let high_bit = |places: uint8x16_t| vandq_u8(vtstq_u8(bits, places), vdupq_n_u8(16));
                let [low, high] = codes;
                [vorrq_u8(low, high_bit(places)), vorrq_u8(high, high_bit(vshlq_n_u8::<4>(places)))]
                    .map(|codes| vqtbl2q_s8(int8x16x2_t(table[0], table[1]), codes))
            } else {
                codes.map(|codes| vqtbl1q_s8(table[0], codes))
            };
            // SAFETY: the arrays have 16 bytes.
            unsafe {
                vst1q_s8(first.as_mut_ptr(), weights[0]);
                vst1q_s8(second.as_mut_ptr(), weights[1]);
            }
        }
    }
}

/// [`scaled`](crate::format::layout::scaled): a product and a shift that rounds halves up.
#[inline]
#[target_feature(enable = "neon")]
fn scaled(levels: int8x16_t, multiplier: int8x8_t) -> int8x16_t {
    let low = vrshrn_n_s16::<7>(vmull_s8(vget_low_s8(levels), multiplier));
    vrshrn_high_n_s16::<7>(low, vmull_high_s8(levels, vcombine_s8(multiplier, multiplier)))
}
