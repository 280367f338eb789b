//! Label names.

use super::bytes::u32_at;
use crate::config::Config;
use crate::error::FormatError;

/// The names of the head's labels; empty when the file has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Labels<'a> {
    offsets: &'a [u8],
    text: &'a str,
}

impl<'a> Labels<'a> {
    /// Checks the section: as many names as the head has labels, offsets ascending on character boundaries.
    pub(super) fn read(section: Option<&'a [u8]>, config: &Config) -> Result<Self, FormatError> {
        let Some(section) = section else { return Ok(Self { offsets: &[], text: "" }) };
        let count = u32_at(section, 0);
        if section.len() < 4 || count != config.num_labels {
            return Err(FormatError::Labels);
        }
        let (offsets, text) = section.split_at_checked(8 + 4 * count as usize).ok_or(FormatError::Labels)?;
        let labels = Self {
            offsets: offsets.get(4..).unwrap_or(&[]),
            text: core::str::from_utf8(text).map_err(|_| FormatError::Labels)?,
        };
        let whole = labels.offset(0) == 0 && labels.offset(count as usize) == text.len();
        if whole && (0..count as usize).all(|index| labels.name(index).is_some()) {
            Ok(labels)
        } else {
            Err(FormatError::Labels)
        }
    }

    fn offset(&self, index: usize) -> usize {
        u32_at(self.offsets, 4 * index) as usize
    }

    /// Name of label `index`.
    pub(super) fn name(&self, index: usize) -> Option<&'a str> {
        if index.checked_add(1)? >= self.offsets.len() / 4 {
            return None;
        }
        self.text.get(self.offset(index)..self.offset(index + 1))
    }
}
