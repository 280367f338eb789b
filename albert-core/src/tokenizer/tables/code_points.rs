//! Properties of code points.

/// A 16-bit property of code points, in three stages (4096, 64 and 64 code points); 0 outside of the table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CodePointTable<'m> {
    top: &'m [u16],
    middle: &'m [u16],
    values: &'m [u16],
}

impl<'m> CodePointTable<'m> {
    #[cfg_attr(target_os = "none", inline(never))]
    pub(super) fn parse(words: &'m [u16]) -> Option<Self> {
        if words.is_empty() {
            return Some(Self::default());
        }
        let (&[top, middle, _, _], rest) = words.split_first_chunk::<4>()?;
        let (top, rest) = rest.split_at_checked(usize::from(top))?;
        let (middle, values) = rest.split_at_checked(usize::from(middle) * 64)?;
        Some(Self { top, middle, values })
    }

    /// Whether the stages point into each other and the values are below a limit.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(super) fn values_are_below(&self, limit: u32) -> bool {
        let leads_into = |stage: &[u16], next: &[u16]| stage.iter().all(|&block| usize::from(block) < next.len() / 64);
        leads_into(self.top, self.middle)
            && leads_into(self.middle, self.values)
            && self.values.iter().all(|&value| u32::from(value) < limit)
    }

    /// The property of a code point.
    #[inline]
    pub(crate) fn get(&self, code: u32) -> u16 {
        self.lookup(code).unwrap_or(0)
    }

    // One copy where flash is scarce.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn lookup(&self, code: u32) -> Option<u16> {
        let block = *self.top.get((code >> 12) as usize)?;
        let block = *self.middle.get(usize::from(block) * 64 + (code >> 6 & 63) as usize)?;
        self.values.get(usize::from(block) * 64 + (code & 63) as usize).copied()
    }
}
