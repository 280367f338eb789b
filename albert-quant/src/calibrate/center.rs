//! Biases that move activations to where they are rounded best. The network computes the same as before.
//!
//! Channels of a trained network's activations have means far from zero, and what tells inputs apart is the distance from the
//! mean. A mean that is taken out of an activation leaves a smaller range to round, wherever the biases of what reads the
//! activation can put it back:
//! - **Keys**: a constant vector adds the same to all scores of a query, and the softmax does not see it.
//! - **Values**: probabilities add up to 1, so that a constant leaves attention as it came; the attention output's bias adds it.
//! - **Input of the feed-forward sub-layer**: the bias of the layer norm in front takes the mean out. The bias of the first
//!   linear puts it back, and that of the second does for the residual.

use albert_core::format::layout::role;

use super::Sites;
use crate::network::{Network, Parameter, Source};

/// The mean of every channel of a site's inputs.
#[derive(Default)]
pub(crate) struct Mean {
    sums: Vec<f64>,
    inputs: usize,
}

impl Mean {
    pub(super) fn new(width: usize) -> Self {
        Self { sums: vec![0.0; width], inputs: 0 }
    }

    /// Takes the inputs of another one in, of as many channels or of none.
    pub(super) fn join(&mut self, other: Self) {
        self.inputs += other.inputs;
        self.sums.iter_mut().zip(other.sums).for_each(|(sum, other)| *sum += other);
    }

    /// Takes one input in. The first one says how many channels there are where nothing else did.
    pub(super) fn add(&mut self, row: &[f32]) {
        if self.sums.is_empty() {
            self.sums = vec![0.0; row.len()];
        }
        self.inputs += 1;
        self.sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
    }

    /// `None` without inputs, and where they overflowed.
    fn values(&self) -> Option<Vec<f64>> {
        let values: Vec<f64> = self.sums.iter().map(|sum| sum / self.inputs as f64).collect();
        values.iter().all(|value| value.is_finite()).then_some(values)
    }
}

/// What biases have taken out of the inputs of a site.
pub(crate) struct Moved(Vec<f32>);

impl Moved {
    /// Adds it to inputs again, `[inputs][width]`.
    pub(super) fn put_back(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.0.len()) {
            row.iter_mut().zip(&self.0).for_each(|(x, moved)| *x += moved);
        }
    }
}

/// Moves the biases of every block by the means of its inputs. Returns what that takes out of the inputs of sites.
pub(crate) fn center(network: &mut Network, means: &Sites<Mean>) -> Sites<Moved> {
    let mut moved = Sites::new();
    for (&site, mean) in means {
        let Some(mean) = mean.values() else { continue };
        let mut block = Block { network, block: site.block };
        match site.role {
            role::QUERY => block.center_attention(&mean),
            role::FFN => {
                block.center_feed_forward(&mean);
                moved.insert(site, Moved(mean.iter().map(|&x| x as f32).collect()));
            }
            _ => {}
        }
    }
    moved
}

struct Block<'a> {
    network: &'a mut Network,
    block: u16,
}

impl Block<'_> {
    /// `input` is the mean input of query, key and value.
    fn center_attention(&mut self, input: &[f64]) {
        let key = self.linear(role::KEY, role::KEY_BIAS, input);
        let value = self.linear(role::VALUE, role::VALUE_BIAS, input);
        let output = self.multiply(role::ATTENTION_OUTPUT, &value);
        self.add(role::KEY_BIAS, &negative(&key));
        self.add(role::VALUE_BIAS, &negative(&value));
        self.add(role::ATTENTION_OUTPUT_BIAS, &output);
    }

    /// `input` is the mean input of the first linear.
    fn center_feed_forward(&mut self, input: &[f64]) {
        let output = self.multiply(role::FFN, input);
        self.add(role::ATTENTION_NORM_BIAS, &negative(input));
        self.add(role::FFN_BIAS, &output);
        self.add(role::FFN_OUTPUT_BIAS, input);
    }

    fn parameter(&mut self, role: u16) -> Option<&mut Parameter> {
        let own = |parameter: &&mut Parameter| (parameter.role, parameter.block) == (role, self.block);
        self.network.parameters.iter_mut().find(own)
    }

    fn linear(&mut self, matrix: u16, bias: u16, x: &[f64]) -> Vec<f64> {
        let bias = self.vector(bias);
        self.multiply(matrix, x).iter().zip(bias).map(|(x, bias)| x + f64::from(bias)).collect()
    }

    /// A matrix times a vector.
    fn multiply(&mut self, role: u16, x: &[f64]) -> Vec<f64> {
        let Some(matrix) = self.parameter(role) else { return Vec::new() };
        let mut weights = vec![0.0; matrix.columns];
        let channel = |channel| {
            matrix.source.read_row(channel, &mut weights);
            weights.iter().zip(x).map(|(&weight, x)| f64::from(weight) * x).sum()
        };
        let product = (0..matrix.rows).map(channel).collect();
        matrix.source.release(0..matrix.rows);
        product
    }

    fn vector(&mut self, role: u16) -> Vec<f32> {
        let Some(vector) = self.parameter(role) else { return Vec::new() };
        let mut values = vec![0.0; vector.columns];
        vector.source.read_row(0, &mut values);
        values
    }

    fn add(&mut self, role: u16, change: &[f64]) {
        let mut values = self.vector(role);
        values.iter_mut().zip(change).for_each(|(value, change)| *value = (f64::from(*value) + change) as f32);
        // What is not finite in the checkpoint is refused when it is written, with the checkpoint's value.
        if let Some(vector) = self.parameter(role).filter(|_| values.iter().all(|value| value.is_finite())) {
            vector.source = Source::Moved { values, checkpoint_bytes: vector.source.bytes() };
        }
    }
}

fn negative(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| -x).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_by_channel_and_none_without_inputs() {
        let mut mean = Mean::new(2);
        assert_eq!(mean.values(), None);
        mean.add(&[1.0, -2.0]);
        mean.add(&[2.0, -4.0]);
        assert_eq!(mean.values(), Some(vec![1.5, -3.0]));
        mean.add(&[f32::INFINITY, 0.0]);
        assert_eq!(mean.values(), None);
    }

    #[test]
    fn what_was_moved_is_put_back_into_every_input() {
        let mut rows = [1.0, 2.0, -1.0, 0.0];
        Moved(vec![0.5, -2.0]).put_back(&mut rows);
        assert_eq!(rows, [1.5, 0.0, -0.5, -2.0]);
    }
}
