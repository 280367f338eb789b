//! IEEE binary16, as weights and embeddings are stored.

/// The float that stores its value in IEEE binary16 as `half`; exact.
#[inline(always)]
pub(crate) const fn half_to_f32(half: u16) -> f32 {
    let sign = (half as u32 & 0x8000) << 16;
    let rest = (half as u32 & 0x7fff) << 13;
    let size = if rest >= 0x0f80_0000 {
        rest | 0x7f80_0000
    } else {
        // The exponent's bias differs by 112; the product is exact and makes subnormals normal.
        (f32::from_bits(rest) * f32::from_bits((127 + 112) << 23)).to_bits()
    };
    f32::from_bits(sign | size)
}
