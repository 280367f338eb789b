//! Scores of pieces.

/// f64 scores by id, stored as f32 and the distance to it: scores were trained in f32, but parsing and lowering them
/// leaves some a little off.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scores<'m> {
    pub(super) singles: &'m [f32],
    pub(super) steps: &'m [i8],
    pub(super) exceptions: &'m [[u32; 3]],
}

impl Scores<'_> {
    /// The score of a piece.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> f64 {
        let single = self.singles.get(id as usize).map_or(0.0, |&score| f64::from(score));
        match self.steps.get(id as usize) {
            None | Some(0) => single,
            Some(&i8::MIN) => self.exception(id).unwrap_or(single),
            Some(&step) => f64::from_bits(single.to_bits().wrapping_add_signed(i64::from(step))),
        }
    }

    /// Whether an id is a piece of the model.
    pub(super) fn has(&self, id: u32) -> bool {
        (id as usize) < self.singles.len()
    }

    fn exception(&self, id: u32) -> Option<f64> {
        let at = self.exceptions.binary_search_by_key(&id, |&[id, _, _]| id).ok()?;
        let &[_, low, high] = self.exceptions.get(at)?;
        Some(f64::from_bits(u64::from(low) | u64::from(high) << 32))
    }
}
