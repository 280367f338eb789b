//! Copies of weights, made while others are multiplied. Without the feature `weight-copies` there are none.

#[cfg(feature = "weight-copies")]
use crate::format::layout::{ALIGNMENT, GROUP_CHANNELS, PANEL_CHANNELS};
use crate::memory::Columns;
use crate::panels::Stored;
#[cfg(feature = "weight-copies")]
use crate::slices::{OrEmpty, part_mut};
#[cfg(not(feature = "weight-copies"))]
use core::marker::PhantomData;
use core::ops::Range;

/// Copies weights from slow memory, such as external flash, while the core multiplies others: by DMA, for example.
#[cfg(feature = "weight-copies")]
pub trait CopyWeights: Sync {
    /// Copies `from`, a part of the model file, to `to`, which is as long, and calls `meanwhile` once. When it returns, both are done.
    ///
    /// `from` and `to` start at multiples of 4 bytes and are a whole number of words long; `to` starts at a multiple of 64.
    fn copy(&self, from: &[u8], to: &mut [u8], meanwhile: &mut dyn FnMut());
}

/// Who copies weights, and where to; nobody if they are read in place.
#[derive(Default)]
pub(crate) struct Copies<'a> {
    #[cfg(feature = "weight-copies")]
    to: Option<(&'a dyn CopyWeights, &'a mut [u8])>,
    #[cfg(not(feature = "weight-copies"))]
    nothing: PhantomData<&'a mut [u8]>,
}

impl<'a> Copies<'a> {
    /// Has `copier` copy to memory from its first aligned address on.
    #[cfg(feature = "weight-copies")]
    pub(crate) fn new(copier: &'a dyn CopyWeights, memory: &'a mut [u8]) -> Self {
        let lead = memory.as_ptr().align_offset(ALIGNMENT);
        Self { to: memory.get_mut(lead..).map(|memory| (copier, memory)) }
    }

    /// The same for a while.
    pub(super) fn lend(&mut self) -> Copies<'_> {
        Copies {
            #[cfg(feature = "weight-copies")]
            to: self.to.as_mut().map(|(copier, memory)| (*copier, &mut **memory)),
            #[cfg(not(feature = "weight-copies"))]
            nothing: PhantomData,
        }
    }

    /// Calls `multiply` with all panels of a range, some at a time, in order: with panels, which of them to multiply, and their columns
    /// of `out`.
    #[inline(always)]
    pub(crate) fn for_panels(
        &mut self,
        weights: Stored<'_>,
        panel_bytes: usize,
        panels: Range<usize>,
        out: Columns<'_>,
        mut multiply: impl FnMut(Stored<'_>, Range<usize>, Columns<'_>),
    ) {
        #[cfg(feature = "weight-copies")]
        if let Some((copier, memory)) = &mut self.to {
            let half = memory.len() / 2 / ALIGNMENT * ALIGNMENT;
            let at_a_time = half.checked_div(panel_bytes).unwrap_or(0).min(GROUP_CHANNELS / PANEL_CHANNELS);
            if at_a_time > 0 {
                let (front, back) = memory.split_at_mut_checked(half).or_empty();
                let rooms = [front, back].map(|half| part_mut(half, ..at_a_time * panel_bytes));
                let weights = weights.of(panels.clone(), panel_bytes);
                return copied(*copier, rooms, weights, at_a_time, panels, out, &mut multiply);
            }
        }
        #[cfg(not(feature = "weight-copies"))]
        let _ = (self.nothing, panel_bytes);
        multiply(weights, panels, out);
    }
}

/// Some panels after the others: those that come next are copied while some are multiplied.
#[cfg(feature = "weight-copies")]
fn copied(
    copier: &dyn CopyWeights,
    [mut front, mut back]: [&mut [u8]; 2],
    weights: &[u8],
    at_a_time: usize,
    panels: Range<usize>,
    mut out: Columns<'_>,
    multiply: &mut dyn FnMut(Stored<'_>, Range<usize>, Columns<'_>),
) {
    let mut weights = weights.chunks(front.len().max(1));
    if let Some(first) = weights.next() {
        // Nothing is there to be multiplied meanwhile.
        copier.copy(first, part_mut(front, ..first.len()), &mut || {});
    }
    for start in panels.clone().step_by(at_a_time.max(1)) {
        let some = start..panels.end.min(start + at_a_time);
        let column = (start - panels.start) * PANEL_CHANNELS;
        // A copier that forgets to call it, or calls it again, changes nothing.
        let mut waits = true;
        let mut once = || {
            if core::mem::take(&mut waits) {
                multiply(Stored::from(front, start), some.clone(), out.from(column));
            }
        };
        if let Some(next) = weights.next() {
            copier.copy(next, part_mut(back, ..next.len()), &mut once);
        }
        once();
        core::mem::swap(&mut front, &mut back);
    }
}
