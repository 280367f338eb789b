//! Units rounded anew, each given all others.
//!
//! Rounding goes from the last column to the first: a unit's multipliers are chosen before the units in front of it are known,
//! and what the first columns miss is made up for by none. So every unit is visited again. Where other multipliers and values
//! lower the squared output error eᵀ H e of its channels, the rest being as it is, they take the place of the present ones.

use albert_core::format::layout::{CODEBOOK_CHANNELS, K_UNIT, PANEL_CHANNELS};

use super::grid::{Grid, Lanes, QUADS, Quads, fold};
use super::panel::QuantizedPanel;
use super::second_order::Feedback;
use crate::vectors::widest;

/// Visits of every unit: each gains a fifth of what the one before does.
const PASSES: usize = 3;
/// Visits of a unit's places for each choice of multipliers.
const SWEEPS: usize = 2;

/// Something for each place of a unit, or for each of its columns.
type Unit<T> = [T; K_UNIT];

/// A place in K of the unit at hand.
struct Item {
    place: usize,
    /// Its column among those of the unit.
    member: usize,
    /// Places of its column, between which the input is divided.
    copies: f32,
}

/// What a unit may become.
#[derive(Clone, Copy)]
struct Choice {
    multipliers: Quads<i8>,
    values: Unit<Lanes<i8>>,
    codes: Unit<Lanes<u8>>,
    /// What it adds to the columns' errors.
    changes: Unit<Lanes<f32>>,
}

/// Visits the units of a panel, if they have multipliers: int8 weights gain nothing that is worth the time. `squares` are those
/// of the channels' scales, in parts of the largest.
pub(super) fn refine(
    grid: Grid,
    splits: &[u32],
    squares: &Lanes<f32>,
    feedback: &Feedback,
    rounded: &mut QuantizedPanel,
) {
    if feedback.is_none() || grid.candidates() == 1 {
        return;
    }
    let (columns, places) = (rounded.errors.len(), rounded.values.len());
    let mut copies = vec![1.0f32; columns];
    splits.iter().for_each(|&column| copies[column as usize] += 1.0);
    let mut slopes = vec![[0.0; PANEL_CHANNELS]; columns];
    for (column, errors) in rounded.errors.iter().enumerate() {
        add_row(&mut slopes, feedback, column, errors);
    }
    let mut panel = Panel { grid, squares, feedback, rounded, slopes };
    for _ in 0..PASSES {
        for unit in (0..places.div_ceil(K_UNIT)).rev() {
            let mut own = Vec::with_capacity(K_UNIT);
            let places = unit * K_UNIT..places.min((unit + 1) * K_UNIT);
            let item = |place: usize| {
                let column = if place < columns { place } else { splits[place - columns] as usize };
                let member = own.iter().position(|&other| other == column).unwrap_or_else(|| {
                    own.push(column);
                    own.len() - 1
                });
                Item { place, member, copies: copies[column] }
            };
            let items: Vec<Item> = places.rev().map(item).collect();
            panel.visit(unit, &items, &own);
        }
    }
}

/// `slopes += H[column] * errors`.
fn add_row(slopes: &mut [Lanes<f32>], feedback: &Feedback, column: usize, errors: &Lanes<f32>) {
    let (start, row) = feedback.row(column);
    widest(
        #[inline(always)]
        || {
            for (slope, &factor) in slopes[start..].iter_mut().zip(row) {
                slope.iter_mut().zip(errors).for_each(|(slope, error)| *slope += factor * error);
            }
        },
    );
}

struct Panel<'a> {
    grid: Grid,
    squares: &'a Lanes<f32>,
    feedback: &'a Feedback,
    rounded: &'a mut QuantizedPanel,
    /// H e by column: half the slope of the squared output error.
    slopes: Vec<Lanes<f32>>,
}

impl Panel<'_> {
    /// Rounds a unit anew; `columns` are those that its places belong to.
    fn visit(&mut self, unit: usize, items: &[Item], columns: &[usize]) {
        let mut hessian = [[0.0; K_UNIT]; K_UNIT];
        let mut slopes = [[0.0; PANEL_CHANNELS]; K_UNIT];
        for (member, &column) in columns.iter().enumerate() {
            let (start, row) = self.feedback.row(column);
            for (element, &other) in hessian[member].iter_mut().zip(columns) {
                *element = other.checked_sub(start).and_then(|other| row.get(other)).copied().unwrap_or(0.0);
            }
            slopes[member] = self.slopes[column];
        }
        let part = Part { items, hessian: &hessian, slopes: &slopes };
        let mut largest = [0.0f32; PANEL_CHANNELS];
        for item in items {
            let wanted = part.wanted(item, &self.rounded.values[item.place], &slopes[item.member]);
            largest.iter_mut().zip(wanted).for_each(|(most, wanted)| *most = most.max(wanted.abs()));
        }
        let largest = fold(&largest, f32::max);
        let present = self.rounded.multipliers[unit];
        let others = (0..self.grid.candidates()).map(|candidate| self.grid.multipliers(candidate, &largest));
        let mut least = [0.0; QUADS];
        let mut best: Quads<Option<Choice>> = [None; QUADS];
        for multipliers in std::iter::once(present).chain(others) {
            let choice = part.round(self.grid, &multipliers, self.rounded);
            let costs = part.cost(&choice.changes, self.squares);
            for quad in 0..QUADS {
                if costs[quad] < least[quad] {
                    (least[quad], best[quad]) = (costs[quad], Some(choice));
                }
            }
        }
        let mut changes = [[0.0; PANEL_CHANNELS]; K_UNIT];
        for (quad, choice) in best.iter().enumerate().filter_map(|(quad, choice)| Some((quad, choice.as_ref()?))) {
            let lanes = quad * CODEBOOK_CHANNELS..(quad + 1) * CODEBOOK_CHANNELS;
            self.rounded.multipliers[unit][quad] = choice.multipliers[quad];
            for (item, (values, codes)) in items.iter().zip(choice.values.iter().zip(&choice.codes)) {
                self.rounded.values[item.place][lanes.clone()].copy_from_slice(&values[lanes.clone()]);
                self.rounded.codes[item.place][lanes.clone()].copy_from_slice(&codes[lanes.clone()]);
            }
            for (to, from) in changes.iter_mut().zip(&choice.changes) {
                to[lanes.clone()].copy_from_slice(&from[lanes.clone()]);
            }
        }
        for (&column, changes) in columns.iter().zip(&changes).filter(|(_, changes)| **changes != [0.0; PANEL_CHANNELS])
        {
            self.rounded.errors[column].iter_mut().zip(changes).for_each(|(error, change)| *error += change);
            add_row(&mut self.slopes, self.feedback, column, changes);
        }
    }
}

/// A unit, and what the others say about it.
struct Part<'a> {
    items: &'a [Item],
    /// That of the unit's columns.
    hessian: &'a Unit<Unit<f32>>,
    /// Of the unit's columns, as they are.
    slopes: &'a Unit<Lanes<f32>>,
}

impl Part<'_> {
    /// What a place should hold instead of `values` where the slope is this.
    fn wanted(&self, item: &Item, values: &Lanes<i8>, slope: &Lanes<f32>) -> Lanes<f32> {
        let factor = item.copies / self.hessian[item.member][item.member];
        std::array::from_fn(|lane| f32::from(values[lane]) + factor * slope[lane])
    }

    /// The slope at a column after some changes.
    fn slope(&self, member: usize, changes: &Unit<Lanes<f32>>) -> Lanes<f32> {
        let mut slope = self.slopes[member];
        for (factor, changes) in self.hessian[member].iter().zip(changes) {
            slope.iter_mut().zip(changes).for_each(|(slope, change)| *slope += factor * change);
        }
        slope
    }

    /// Rounds the places with these multipliers, one after the other, each given the others.
    fn round(&self, grid: Grid, multipliers: &Quads<i8>, rounded: &QuantizedPanel) -> Choice {
        let mut choice = Choice {
            multipliers: *multipliers,
            values: Default::default(),
            codes: Default::default(),
            changes: Default::default(),
        };
        choice.values.iter_mut().zip(self.items).for_each(|(values, item)| *values = rounded.values[item.place]);
        for _ in 0..SWEEPS {
            for (index, item) in self.items.iter().enumerate() {
                let before = choice.values[index];
                let wanted = self.wanted(item, &before, &self.slope(item.member, &choice.changes));
                (choice.values[index], choice.codes[index]) = grid.nearest(multipliers, &wanted);
                let changes = choice.changes[item.member].iter_mut();
                for (change, (before, after)) in changes.zip(before.iter().zip(&choice.values[index])) {
                    *change -= (f32::from(*after) - f32::from(*before)) / item.copies;
                }
            }
        }
        choice
    }

    /// What changes add to the squared output error of each four channels.
    fn cost(&self, changes: &Unit<Lanes<f32>>, squares: &Lanes<f32>) -> Quads<f32> {
        let mut costs = [0.0; PANEL_CHANNELS];
        for (member, own) in changes.iter().enumerate() {
            let (before, after) = (&self.slopes[member], self.slope(member, changes));
            for lane in 0..PANEL_CHANNELS {
                costs[lane] += own[lane] * (before[lane] + after[lane]) * squares[lane];
            }
        }
        fold(&costs, |a, b| a + b)
    }
}
