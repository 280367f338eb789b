//! Texts to put before inputs, as sentence-transformers models name them.

use super::bytes::u32_at;
use super::strings::Strings;
use crate::error::FormatError;

/// Most prompts that a file may have.
const MOST_PROMPTS: u32 = 64;
/// The default's index when there is no default.
const NO_DEFAULT: u32 = u32::MAX;

/// The prompts of a model: texts that an application puts before an input, by name.
#[derive(Clone, Copy, Debug)]
pub struct Prompts<'a> {
    /// Names and texts alternate.
    strings: Strings<'a>,
    count: u32,
    default: u32,
}

impl<'a> Prompts<'a> {
    /// Reads the section; without one there are no prompts.
    pub(super) fn read(section: Option<&'a [u8]>) -> Result<Self, FormatError> {
        let Some(section) = section else { return Ok(Self { strings: Strings::NONE, count: 0, default: NO_DEFAULT }) };
        let (default, twice) = (u32_at(section, 0), u32_at(section, 4));
        let count = twice / 2;
        let Some(strings) = section.get(4..).and_then(|list| Strings::read(list, twice)) else {
            return Err(FormatError::Prompts);
        };
        let known = default == NO_DEFAULT || default < count;
        if !twice.is_multiple_of(2) || count > MOST_PROMPTS || !known {
            return Err(FormatError::Prompts);
        }
        Ok(Self { strings, count, default })
    }

    /// Name and text of each prompt.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let strings = self.strings;
        (0..self.count as usize).map_while(move |index| Some((strings.get(2 * index)?, strings.get(2 * index + 1)?)))
    }

    /// The prompt with this name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.iter().find(|&(known, _)| known == name).map(|(_, text)| text)
    }

    /// Name and text of the default prompt.
    pub fn default_prompt(&self) -> Option<(&'a str, &'a str)> {
        self.iter().nth(self.default as usize)
    }
}
