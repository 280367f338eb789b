//! Which places the channels of a linear's input occupy: outlier splitting (`docs/numerics.md`).

use crate::kernels::Splits;
use crate::slices::{OrEmpty, part};

/// A split list as the kernels take it. `memory` has room for three values for each of its entries; what is left of it is
/// returned.
pub(super) fn lay_out<'a>(channels: &'a [u32], memory: &'a mut [f32]) -> (Splits<'a>, &'a mut [f32]) {
    let count = channels.len();
    let (copies, rest) = memory.split_at_mut_checked(count).or_empty();
    let (ranks, rest) = rest.split_at_mut_checked(count).or_empty();
    let mut places = copies.iter_mut().zip(&mut *ranks);
    let mut left = channels;
    while let Some(channel) = left.first() {
        let run = left.iter().take_while(|&other| other == channel).count();
        for (rank, (place_copies, place_rank)) in (1..).zip(places.by_ref().take(run)) {
            (*place_copies, *place_rank) = ((run + 1) as f32, rank as f32);
        }
        left = part(left, run..);
    }
    (Splits { channels, copies, ranks }, rest)
}
