//! A vector for a whole text: the mean of its tokens' hidden states.

/// The mean of the rows of `hidden`, `[tokens][width]`, scaled to length 1 when `normalize` says so; `out` is `[width]`.
///
/// Source: mean pooling of Reimers and Gurevych, 2019 (Sentence-BERT).
pub fn sentence_embedding(hidden: &[f32], normalize: bool, out: &mut [f32]) {
    out.fill(0.0);
    let mut rest = hidden;
    let mut count = 0.0;
    while let Some((row, after)) = rest.split_at_checked(out.len()).filter(|(row, _)| !row.is_empty()) {
        out.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        rest = after;
        count += 1.0;
    }
    let count = f32::max(count, 1.0);
    out.iter_mut().for_each(|sum| *sum /= count);
    if normalize {
        let length = crate::kernels::square_root(out.iter().map(|x| x * x).sum()).max(1e-12);
        out.iter_mut().for_each(|x| *x /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_length() {
        let mut out = [0.0; 2];
        sentence_embedding(&[1.0, 2.0, 5.0, 6.0], false, &mut out);
        assert_eq!(out, [3.0, 4.0]);
        sentence_embedding(&[1.0, 2.0, 5.0, 6.0], true, &mut out);
        assert_eq!(out, [0.6, 0.8]);
        sentence_embedding(&[], true, &mut out);
        assert_eq!(out, [0.0, 0.0]);
    }
}
