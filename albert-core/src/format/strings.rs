//! Lists of texts: label names, prompts.

use super::bytes::u32_at;

/// A list of texts in a section; its offsets were checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strings<'a> {
    offsets: &'a [u8],
    text: &'a str,
}

impl<'a> Strings<'a> {
    /// No texts.
    pub(super) const NONE: Self = Self { offsets: &[], text: "" };

    /// Reads `count` texts, `None` when the bytes are not such a list: a count, offsets that ascend on character boundaries,
    /// UTF-8. Takes time proportional to the bytes.
    pub(super) fn read(section: &'a [u8], count: u32) -> Option<Self> {
        if section.len() < 4 || u32_at(section, 0) != count {
            return None;
        }
        let (offsets, text) = section.split_at_checked((count as usize).checked_mul(4)?.checked_add(8)?)?;
        let strings = Self { offsets: offsets.get(4..)?, text: core::str::from_utf8(text).ok()? };
        let whole = strings.offset(0) == 0 && strings.offset(count as usize) == text.len();
        (whole && (0..count as usize).all(|index| strings.get(index).is_some())).then_some(strings)
    }

    /// As [`Strings::read`]; without a section there are no texts.
    pub(super) fn read_optional(section: Option<&'a [u8]>, count: u32) -> Option<Self> {
        match section {
            Some(section) => Self::read(section, count),
            None => Some(Self::NONE),
        }
    }

    fn offset(&self, index: usize) -> usize {
        u32_at(self.offsets, 4 * index) as usize
    }

    /// Text `index`.
    pub(super) fn get(&self, index: usize) -> Option<&'a str> {
        if index.checked_add(1)? >= self.offsets.len() / 4 {
            return None;
        }
        self.text.get(self.offset(index)..self.offset(index + 1))
    }
}
