//! The Hessian of a linear's squared output error: the sum of x xᵀ over its inputs x.

use rayon::prelude::*;

use crate::vectors::widest;

/// Rows and columns of a tile of the sum.
const TILE: usize = 64;
/// Inputs that a tile is updated with at a time.
const UNROLL: usize = 4;

/// Sums of products of a linear's input channels.
pub(crate) struct Hessian {
    width: usize,
    samples: usize,
    parts: Vec<Part>,
}

/// The sums for a range of channels: the lower triangle, row after row.
pub(crate) struct Part {
    pub(crate) start: usize,
    pub(crate) width: usize,
    pub(crate) lower: Vec<f64>,
}

impl Hessian {
    /// For inputs of `width` channels. Correlations are kept within parts of up to `most` of them, so that memory and time stay
    /// bounded.
    pub(crate) fn new(width: usize, most: usize) -> Self {
        let part = |start: usize| {
            let width = most.min(width - start);
            Part { start, width, lower: vec![0.0; width * (width + 1) / 2] }
        };
        Self { width, samples: 0, parts: (0..width).step_by(most).map(part).collect() }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Inputs summed up so far.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Adds inputs, `[inputs][width]`: products are summed in f32 within a call and in f64 over the calls.
    pub(crate) fn add(&mut self, rows: &[f32]) {
        let width = self.width;
        self.samples += rows.len() / width;
        for part in &mut self.parts {
            let (start, part_width) = (part.start, part.width);
            let mut bands = Vec::new();
            let mut rest = part.lower.as_mut_slice();
            for first in (0..part_width).step_by(TILE) {
                let last = part_width.min(first + TILE);
                let (band, after) = rest.split_at_mut(triangle(last) - triangle(first));
                bands.push((first, band));
                rest = after;
            }
            let inputs = Inputs { rows, stride: width, start, width: part_width };
            bands.into_par_iter().for_each(|(first, band)| {
                widest(
                    #[inline(always)]
                    || {
                        for tile in 0..=first / TILE {
                            add_tile(band, inputs, first, tile * TILE);
                        }
                    },
                );
            });
        }
    }
}

/// Elements of a lower triangle of `rows` rows.
fn triangle(rows: usize) -> usize {
    rows * (rows + 1) / 2
}

/// What goes into a part: channels `start..start + width` of rows of `stride` of them.
#[derive(Clone, Copy)]
struct Inputs<'a> {
    rows: &'a [f32],
    stride: usize,
    start: usize,
    width: usize,
}

/// Adds the products of channels `first..` (rows of the band) and `column..` (columns) over all inputs.
#[inline(always)]
fn add_tile(band: &mut [f64], inputs: Inputs<'_>, first: usize, column: usize) {
    let Inputs { rows: values, stride, start, width } = inputs;
    let inputs = values.len() / stride;
    let (rows, columns) = (first..width.min(first + TILE), column..width.min(column + TILE));
    let mut sums = [[0.0f32; TILE]; TILE];
    let mut left = [[0.0f32; TILE]; UNROLL];
    let mut right = [[0.0f32; TILE]; UNROLL];
    for group in (0..inputs).step_by(UNROLL) {
        for (index, (left, right)) in left.iter_mut().zip(&mut right).enumerate() {
            left.fill(0.0);
            if group + index < inputs {
                let x = &values[(group + index) * stride + start..][..width];
                left[..rows.len()].copy_from_slice(&x[rows.clone()]);
                right[..columns.len()].copy_from_slice(&x[columns.clone()]);
            }
        }
        let [r0, r1, r2, r3] = &right;
        for (row, sums) in sums.iter_mut().enumerate() {
            let [l0, l1, l2, l3] = [left[0][row], left[1][row], left[2][row], left[3][row]];
            for ((((sum, r0), r1), r2), r3) in sums.iter_mut().zip(r0).zip(r1).zip(r2).zip(r3) {
                *sum += (l0 * r0 + l1 * r1) + (l2 * r2 + l3 * r3);
            }
        }
    }
    for (row, sums) in rows.zip(&sums) {
        let start = triangle(row) - triangle(first) + column;
        let count = columns.len().min(row + 1 - column);
        for (total, &sum) in band[start..start + count].iter_mut().zip(sums) {
            *total += f64::from(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cost::MOST_WIDTH;
    use super::*;

    #[test]
    fn sums_are_those_of_the_definition() {
        for (width, inputs) in [(1, 1), (5, 3), (64, 4), (65, 7), (130, 9)] {
            let value = |index: usize| ((index * 7919) % 101) as f32 / 50.0 - 1.0;
            let rows: Vec<f32> = (0..width * inputs).map(value).collect();
            let mut hessian = Hessian::new(width, MOST_WIDTH);
            let (first, second) = rows.split_at(inputs / 2 * width);
            hessian.add(first);
            hessian.add(second);
            assert_eq!(hessian.samples(), inputs);
            let part = &hessian.parts[0];
            for i in 0..width {
                for j in 0..=i {
                    let product = |x: &[f32]| f64::from(x[i]) * f64::from(x[j]);
                    let expected: f64 = rows.chunks_exact(width).map(product).sum();
                    let found = part.lower[triangle(i) + j];
                    assert!((found - expected).abs() < 1e-5, "{width} {i} {j}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn wide_linears_are_cut_into_parts() {
        let mut hessian = Hessian::new(MOST_WIDTH + 3, MOST_WIDTH);
        let mut row = vec![0.0; MOST_WIDTH + 3];
        (row[0], row[MOST_WIDTH], row[MOST_WIDTH + 2]) = (5.0, 2.0, 3.0);
        hessian.add(&row);
        let [first, second] = hessian.parts() else { panic!("two parts") };
        assert_eq!((first.start, first.width, first.lower[0]), (0, MOST_WIDTH, 25.0));
        assert_eq!((second.start, second.width), (MOST_WIDTH, 3));
        assert_eq!(second.lower, [4.0, 0.0, 0.0, 6.0, 0.0, 9.0]);
    }
}
