//! One vector for a whole input, from the hidden states of its tokens.

use crate::config::Pooling;
use crate::slices::copy;

/// Pools the rows of `hidden`, `[tokens][width]`, into `out`, `[width]`. The order of operations is fixed (token by token), so the
/// bits are the same everywhere.
///
/// The pooler itself is part of the network: [`Pooling::Pooler`] gives the first token's row here.
///
/// Source: Reimers and Gurevych, 2019 (Sentence-BERT).
pub fn pool(pooling: Pooling, hidden: &[f32], out: &mut [f32]) {
    let width = out.len().max(1);
    let mut rows = hidden.chunks_exact(width);
    out.fill(0.0);
    let Some(first) = rows.next().filter(|_| !out.is_empty()) else { return };
    copy(out, first);
    let mut count = 1.0;
    for row in rows.take_while(|_| pooling.reads_all()) {
        for (pooled, &x) in out.iter_mut().zip(row) {
            *pooled = match pooling {
                Pooling::Max => {
                    if x > *pooled {
                        x
                    } else {
                        *pooled
                    }
                }
                _ => *pooled + x,
            };
        }
        count += 1.0;
    }
    let divisor = match pooling {
        Pooling::Mean => count,
        Pooling::MeanSqrt => crate::kernels::square_root(count),
        Pooling::Max | Pooling::Pooler | Pooling::FirstToken => return,
    };
    out.iter_mut().for_each(|sum| *sum /= divisor);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind() {
        let hidden = [1.0, -2.0, 5.0, -6.0, 3.0, -1.0, 7.0, -3.0];
        let pooled = |pooling| {
            let mut out = [9.0; 2];
            pool(pooling, &hidden, &mut out);
            out
        };
        assert_eq!(pooled(Pooling::FirstToken), [1.0, -2.0]);
        assert_eq!(pooled(Pooling::Mean), [4.0, -3.0]);
        assert_eq!(pooled(Pooling::Max), [7.0, -1.0]);
        assert_eq!(pooled(Pooling::MeanSqrt), [8.0, -6.0]);
        let mut out = [9.0; 2];
        pool(Pooling::Mean, &[], &mut out);
        assert_eq!(out, [0.0, 0.0]);
    }
}
