//! What a team does row by row: rounding the input of a linear, layer norm.

use super::{Cut, Each, Team};
use crate::arena::{Rounded, Rounding, Scratch};
use crate::encoder::Context;
use crate::encoder::linear::{Rows, prepare};
use crate::executor::for_each;
use crate::format::{Matrix, Norm};
use crate::plan::activation_row_bytes;

/// A worker's share of the rows to be rounded, and the memory for it.
struct Share<'s, 'a> {
    rounded: Rounded<'s>,
    rounding: &'s mut Rounding<'a>,
}

impl Share<'_, '_> {
    /// Rounds rows of the share from row `first` on.
    fn round(&mut self, context: &Context<'_>, matrix: &Matrix<'_>, first: usize, x: &mut Rows<'_>) {
        let bytes = first * activation_row_bytes(matrix.slots());
        let mut rounded = Rounded {
            bytes: self.rounded.bytes.get_mut(bytes..).unwrap_or(&mut []),
            row_scales: self.rounded.row_scales.get_mut(first..).unwrap_or(&mut []),
        };
        prepare(context.kernels, matrix, x, &mut rounded, self.rounding);
    }

    /// Rounds all rows of the share, once the observer has seen them as the input of this role and block.
    fn show_and_round(
        &mut self,
        context: &Context<'_>,
        matrix: &Matrix<'_>,
        shown: Option<(u16, usize)>,
        rows: &mut [f32],
    ) {
        let width = matrix.columns.max(1);
        let mut x = Rows { count: rows.len() / width, data: rows, stride: width };
        if let Some((role, block)) = shown {
            context.observer.show(role, block, &mut x, width);
        }
        self.round(context, matrix, 0, &mut x);
    }
}

impl<'a> Team<'a> {
    /// Rows of a worker's share.
    fn share(&self, rows: usize) -> usize {
        rows.div_ceil(self.count.max(1)).max(1)
    }

    /// Rounds the rows of the hidden state, `[rows][columns]`. They are shown to the observer as the input of this role and block.
    pub(super) fn round_hidden(
        &mut self,
        context: &Context<'_>,
        matrix: &Matrix<'_>,
        shown: Option<(u16, usize)>,
        hidden: &mut [f32],
    ) {
        let width = matrix.columns.max(1);
        let share = self.share(hidden.len() / width);
        let jobs = shares(&mut self.scratch, matrix, share).zip(hidden.chunks_mut(share * width));
        for_each(self.executor, jobs, &|(mut own, rows): (Share<'_, '_>, &mut [f32])| {
            own.show_and_round(context, matrix, shown, rows);
        });
    }

    /// Rounds rows that lie in the panels of a cut; they are shown as the input of this role and block.
    pub(super) fn round_panels(
        &mut self,
        context: &Context<'_>,
        matrix: &Matrix<'_>,
        (role, block): (u16, usize),
        cut: Cut,
        rows: usize,
    ) {
        let share = self.share(rows);
        let panels: Each<&[f32]> = self.panels.each_ref().map(|panel| panel.as_deref());
        let jobs = shares(&mut self.scratch, matrix, share).zip(self.rows.iter_mut().flatten());
        let jobs = jobs.zip((0..rows).step_by(share));
        for_each(self.executor, jobs, &|((mut own, row), first): ((Share<'_, '_>, &mut &mut [f32]), usize)| {
            for index in 0..share.min(rows - first) {
                gather(&panels, cut, first + index, row);
                let mut x = Rows { data: row, stride: matrix.columns, count: 1 };
                context.observer.show(role, block, &mut x, matrix.columns);
                own.round(context, matrix, index, &mut x);
            }
        });
    }

    /// `hidden = layer_norm(hidden + panels)`, and rounds the rows for a linear, if one follows, of this role and block.
    pub(super) fn add_and_normalize(
        &mut self,
        context: &Context<'_>,
        norm: &Norm<'_>,
        cut: Cut,
        hidden: &mut [f32],
        next: Option<(&Matrix<'_>, u16, usize)>,
    ) {
        let width = cut.channels.max(1);
        let share = self.share(hidden.len() / width);
        let panels: Each<&[f32]> = self.panels.each_ref().map(|panel| panel.as_deref());
        let eps = context.model.config().layer_norm_eps;
        let jobs = hidden.chunks_mut(share * width).zip((0..).step_by(share));
        let add = |rows: &mut [f32], first: usize| {
            for (row, index) in rows.chunks_exact_mut(width).zip(first..) {
                for (part, values) in columns(&panels, cut, index) {
                    let row = row.get_mut(part).unwrap_or(&mut []);
                    row.iter_mut().zip(values).for_each(|(value, &result)| *value += result);
                }
            }
            context.kernels.layer_norm(rows, width, norm.weight, norm.bias, eps);
        };
        let Some((matrix, role, block)) = next else {
            return for_each(self.executor, jobs, &|(rows, first): (&mut [f32], usize)| add(rows, first));
        };
        let jobs = shares(&mut self.scratch, matrix, share).zip(jobs);
        for_each(self.executor, jobs, &|(mut own, (rows, first)): (Share<'_, '_>, (&mut [f32], usize))| {
            add(rows, first);
            own.show_and_round(context, matrix, Some((role, block)), rows);
        });
    }
}

/// The parts of the input of all products, the first worker's rounded rows, that each worker is to make.
fn shares<'s, 'a>(
    scratch: &'s mut Each<Scratch<'a>>,
    matrix: &Matrix<'_>,
    share: usize,
) -> impl Iterator<Item = Share<'s, 'a>> {
    let (mut first, mut others) = (None, [].iter_mut());
    if let Some((all, rest)) = scratch.split_first_mut() {
        (first, others) = (all.as_mut(), rest.iter_mut());
    }
    let row_bytes = activation_row_bytes(matrix.slots()).max(1);
    first.into_iter().flat_map(move |Scratch { rounded, rounding, .. }| {
        let others = core::mem::take(&mut others).flatten().map(|other| &mut other.rounding);
        let rounded = rounded.bytes.chunks_mut(share * row_bytes).zip(rounded.row_scales.chunks_mut(share));
        let each = rounded.zip(core::iter::once(rounding).chain(others));
        each.map(|((bytes, row_scales), rounding)| Share { rounded: Rounded { bytes, row_scales }, rounding })
    })
}

/// What each panel has of a row.
fn columns<'p>(
    panels: &'p Each<&'p [f32]>,
    cut: Cut,
    row: usize,
) -> impl Iterator<Item = (core::ops::Range<usize>, &'p [f32])> {
    panels.iter().flatten().zip(cut.all()).map(move |(panel, part)| {
        let values = panel.get(row * part.len()..(row + 1) * part.len()).unwrap_or(&[]);
        (part, values)
    })
}

fn gather(panels: &Each<&[f32]>, cut: Cut, index: usize, row: &mut [f32]) {
    for (part, values) in columns(panels, cut, index) {
        if let Some(row) = row.get_mut(part).filter(|row| row.len() == values.len()) {
            row.copy_from_slice(values);
        }
    }
}
