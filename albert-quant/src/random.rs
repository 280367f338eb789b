//! Random matrices that are the same on every machine.

/// A matrix of normal numbers, each row a function of the seed and its index.
pub(crate) struct Random {
    seed: u64,
    deviation: f32,
}

impl Random {
    /// The matrix of some index among those of a seed.
    pub(crate) fn of_matrix(seed: u64, index: usize, deviation: f32) -> Self {
        Self { seed: mix(seed ^ mix(index as u64)), deviation }
    }

    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        let mut state = mix(self.seed.wrapping_add(row as u64));
        out.fill_with(|| self.deviation * normal(&mut state));
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(seed: u64) -> u64 {
    let x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A number that is close to standard normal: the sum of twelve uniform ones, by whole numbers alone, so that every
/// machine makes the same.
fn normal(state: &mut u64) -> f32 {
    let mut sum = 0i64;
    for _ in 0..3 {
        *state = mix(*state);
        sum += (0..4).map(|part| (*state >> (16 * part) & 0xffff) as i64).sum::<i64>();
    }
    (sum - 6 * 0xffff) as f32 / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_deviation_asked_for() {
        let mut row = vec![0.0; 100_000];
        Random { seed: 1, deviation: 0.02 }.row(0, &mut row);
        let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / row.len() as f64;
        let variance = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / row.len() as f64;
        assert!(mean.abs() < 3e-4, "{mean}");
        assert!((variance.sqrt() - 0.02).abs() < 2e-4, "{}", variance.sqrt());
    }
}
