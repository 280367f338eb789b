//! Places in a text.

/// A part of the original text, in Unicode code points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Offsets {
    /// First code point.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
}

/// Code points of a text.
#[cfg_attr(target_os = "none", inline(never))]
pub(super) fn count(text: &str) -> u32 {
    text.bytes().filter(|&byte| byte & 0xc0 != 0x80).count() as u32
}
