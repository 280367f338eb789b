//! What ids and code points are looked up in: scores of pieces, properties of characters.

/// f64 scores by id, stored as f32 and the distance to it: scores were trained in f32, but parsing and lowering them
/// leaves some a little off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scores<'m> {
    pub(super) singles: &'m [f32],
    pub(super) steps: &'m [i8],
    pub(super) exceptions: &'m [[u32; 3]],
}

impl Scores<'_> {
    #[inline]
    pub(super) fn get(&self, id: u32) -> f64 {
        let single = self.singles.get(id as usize).map_or(0.0, |&score| f64::from(score));
        match self.steps.get(id as usize) {
            None | Some(0) => single,
            Some(&i8::MIN) => self.exception(id).unwrap_or(single),
            Some(&step) => f64::from_bits(single.to_bits().wrapping_add_signed(i64::from(step))),
        }
    }

    pub(super) fn has(&self, id: u32) -> bool {
        (id as usize) < self.singles.len()
    }

    fn exception(&self, id: u32) -> Option<f64> {
        let at = self.exceptions.binary_search_by_key(&id, |&[id, _, _]| id).ok()?;
        let &[_, low, high] = self.exceptions.get(at)?;
        Some(f64::from_bits(u64::from(low) | u64::from(high) << 32))
    }
}

/// A 16-bit property of code points, in three stages (4096, 64 and 64 code points); 0 outside of the table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CodePoints<'m> {
    top: &'m [u16],
    middle: &'m [u16],
    values: &'m [u16],
}

impl<'m> CodePoints<'m> {
    pub(super) fn parse(words: &'m [u16]) -> Option<Self> {
        if words.is_empty() {
            return Some(Self::default());
        }
        let (&[top, middle, _, _], rest) = words.split_first_chunk::<4>()?;
        let (top, rest) = rest.split_at_checked(usize::from(top))?;
        let (middle, values) = rest.split_at_checked(usize::from(middle) * 64)?;
        Some(Self { top, middle, values })
    }

    #[inline]
    pub(super) fn get(&self, code: u32) -> u16 {
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
