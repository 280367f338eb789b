//! The sequences of a run: where the rows, keys and values of each lie.
//!
//! Rows of all sequences lie one after another and share tiles; everything but attention is done row by row. A tile ends where a
//! sequence ends or after a multiple of four of its rows, since int8 values are stored by fours.

use crate::format::layout::K_GROUP;
use core::ops::Range;

/// One sequence.
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Sequence {
    /// Its first row.
    pub(crate) first: u32,
    /// Rows that the sub-layer at hand works on.
    pub(crate) rows: u32,
    /// Tokens attended to: as many of the first rows are keys.
    pub(crate) keys: u32,
    /// Rows that the last layer carries on.
    pub(crate) selected: u32,
    /// The keys, when these are all rows, so that they can be pooled; else 0.
    pub(crate) poolable: u32,
    /// Places for keys before its own, and for values.
    pub(crate) first_key: u32,
    pub(crate) first_value: u32,
}

impl Sequence {
    pub(crate) fn rows(&self) -> Range<usize> {
        self.first as usize..(self.first + self.rows) as usize
    }
}

/// The rows of a tile that belong to one sequence.
#[derive(Clone)]
pub(crate) struct Share {
    pub(crate) sequence: Sequence,
    /// Index of the sequence.
    pub(crate) index: usize,
    /// The rows, counted in the sequence.
    pub(crate) rows: Range<usize>,
    /// The first of them, counted in the tile.
    pub(crate) start: usize,
}

/// All sequences of a run, in the order of their rows.
#[derive(Clone, Copy)]
pub(crate) struct Sequences<'a>(pub(crate) &'a [Sequence]);

impl<'a> Sequences<'a> {
    /// What each sequence has of the rows of a tile.
    pub(crate) fn shares(self, tile: Range<usize>) -> impl Iterator<Item = Share> + use<'a> {
        self.0.iter().enumerate().filter_map(move |(index, &sequence)| {
            let own = sequence.rows();
            let rows = own.start.max(tile.start)..own.end.min(tile.end);
            (!rows.is_empty()).then(|| Share {
                sequence,
                index,
                rows: rows.start - own.start..rows.end - own.start,
                start: rows.start - tile.start,
            })
        })
    }

    /// The last row at which a tile of up to `tile_rows` rows from `start` on may end. `tile_rows` is a multiple of four and
    /// `start` such an end, or 0; the tile is not empty unless there are no more rows.
    pub(crate) fn tile_end(self, start: usize, tile_rows: usize, rows: usize) -> usize {
        let end = rows.min(start + tile_rows);
        let inside = self.0.iter().map(Sequence::rows).find(|own| own.start < end && end < own.end);
        inside.map_or(end, |own| end - (end - own.start) % K_GROUP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Tiles cover all rows, none is empty or too long, and each ends at a place where it may.
    #[test]
    fn tiles_of_any_lengths() {
        let mut state = 7u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..2000 {
            let mut table = Vec::new();
            let mut first = 0;
            for _ in 0..1 + random(9) {
                let rows = 1 + random(13);
                table.push(Sequence { first, rows, ..Sequence::default() });
                first += rows;
            }
            let (sequences, tile_rows, rows) = (Sequences(&table), 4 + 4 * random(4) as usize, first as usize);
            let mut start = 0;
            while start < rows {
                let end = sequences.tile_end(start, tile_rows, rows);
                assert!(start < end && end <= rows.min(start + tile_rows));
                let shares: Vec<_> = sequences.shares(start..end).collect();
                assert_eq!(shares.iter().map(|share| share.rows.len()).sum::<usize>(), end - start);
                for share in shares {
                    assert!(share.rows.start.is_multiple_of(4));
                    assert!(share.rows.end.is_multiple_of(4) || share.rows.end == share.sequence.rows as usize);
                }
                start = end;
            }
        }
    }
}
