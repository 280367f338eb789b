//! Boundaries of extended grapheme clusters (UAX 29), from a category table.

use crate::tokenizer::tables::CodePointTable;
use crate::tokenizer::tables::section::grapheme::*;

const CR: u32 = 13;
const LF: u32 = 10;

/// Where the walk through a text stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clusters<'m> {
    categories: CodePointTable<'m>,
    before: Option<(u32, u16)>,
    /// Whether an odd number of regional indicators ends here.
    odd_regional: bool,
    /// 1 after a pictograph and extenders, 2 after a joiner that follows them.
    emoji: u8,
    /// 1 after a conjunct consonant and extenders, 2 when a linker was among them.
    conjunct: u8,
}

impl<'m> Clusters<'m> {
    pub(crate) fn new(categories: CodePointTable<'m>) -> Self {
        Self { categories, ..Self::default() }
    }

    /// Takes in the next code point and says whether a cluster begins at it.
    pub(crate) fn begins(&mut self, code: u32) -> bool {
        let value = if code < 0x7f { if code < 0x20 { CONTROL } else { ANY } } else { self.categories.get(code) };
        let category = value & CATEGORY;
        let boundary = match self.before {
            None => true,
            Some((before, before_category)) => self.breaks(before, before_category, code, category),
        };
        self.odd_regional = category == REGIONAL && !self.odd_regional;
        self.emoji = match category {
            PICTOGRAPHIC => 1,
            EXTEND if self.emoji == 1 => 1,
            ZWJ if self.emoji == 1 => 2,
            _ => 0,
        };
        self.conjunct = if category == CONSONANT {
            1
        } else if value & LINKER != 0 {
            if self.conjunct > 0 { 2 } else { 0 }
        } else if value & CONJUNCT_EXTEND != 0 {
            self.conjunct
        } else {
            0
        };
        self.before = Some((code, category));
        boundary
    }

    fn breaks(&self, before: u32, before_category: u16, code: u32, category: u16) -> bool {
        match (before_category, category) {
            (CONTROL, _) | (_, CONTROL) => !(before == CR && code == LF),
            (L, L | V | LV | LVT) | (LV | V, V | T) | (LVT | T, T) => false,
            (_, EXTEND | ZWJ | SPACING_MARK) | (PREPEND, _) => false,
            (_, CONSONANT) => self.conjunct != 2,
            (ZWJ, PICTOGRAPHIC) => self.emoji != 2,
            (REGIONAL, REGIONAL) => !self.odd_regional,
            _ => true,
        }
    }
}
