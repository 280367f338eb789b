//! The one property of characters that is code: Unicode keeps it stable.

/// The White_Space property.
pub(crate) fn is_white_space(code: u32) -> bool {
    matches!(
        code,
        9..=13 | 0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000
    )
}
