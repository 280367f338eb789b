//! Bytes of four rows, channel by channel: how values lie in a weight panel.

/// `[row 0, row 1, row 2, row 3]` of each of 16 channels.
#[cfg(target_arch = "x86_64")]
pub(crate) fn interleave(rows: [&[u8; 16]; 4]) -> [[u8; 4]; 16] {
    use core::arch::x86_64::*;
    let mut words = [[0; 4]; 16];
    // SAFETY: every CPU of this architecture has SSE2; rows have 16 bytes, and the words 64.
    unsafe {
        let [a, b, c, d] = rows.map(|row| _mm_loadu_si128(row.as_ptr().cast()));
        let (low, high) = (_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b));
        let (low_next, high_next) = (_mm_unpacklo_epi8(c, d), _mm_unpackhi_epi8(c, d));
        let out = words.as_mut_ptr().cast::<__m128i>();
        _mm_storeu_si128(out, _mm_unpacklo_epi16(low, low_next));
        _mm_storeu_si128(out.add(1), _mm_unpackhi_epi16(low, low_next));
        _mm_storeu_si128(out.add(2), _mm_unpacklo_epi16(high, high_next));
        _mm_storeu_si128(out.add(3), _mm_unpackhi_epi16(high, high_next));
    }
    words
}

/// `[row 0, row 1, row 2, row 3]` of each of 16 channels.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn interleave([a, b, c, d]: [&[u8; 16]; 4]) -> [[u8; 4]; 16] {
    let mut words = [[0; 4]; 16];
    for (word, (((a, b), c), d)) in words.iter_mut().zip(a.iter().zip(b).zip(c).zip(d)) {
        *word = [*a, *b, *c, *d];
    }
    words
}
