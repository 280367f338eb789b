//! Question answering: from start and end logits to the best spans, as the Hugging Face pipeline searches them.

use super::scores::exp;
use crate::slices::part;

/// Consecutive tokens: a possible answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct Span {
    /// First token.
    pub start: usize,
    /// The token after the last.
    pub end: usize,
    /// Score: the probability that the answer starts at `start`, times the probability that it ends at the last token.
    pub score: f32,
}

/// Best spans of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spans<'b> {
    /// The best spans, best first.
    pub best: &'b [Span],
    /// Score of "no answer": the span of position 0 alone.
    pub null_score: f32,
}

/// Finds the best spans within the context that are no longer than `most_tokens`, as many as `best` has places for.
///
/// `logits` are `[tokens][2]`, start and end. The softmax is over position 0 and the tokens that `context` accepts; position
/// 0 is in no span.
pub fn spans<'b>(
    logits: &[f32],
    context: impl Fn(usize) -> bool,
    most_tokens: usize,
    best: &'b mut [Span],
) -> Spans<'b> {
    let counts = |token: usize| token == 0 || context(token);
    let pairs = logits.as_chunks().0;
    let tokens = || pairs.iter().enumerate().filter(|&(token, _)| counts(token));
    let starts = Softmax::new(|| tokens().map(|(_, &[start, _])| start));
    let ends = Softmax::new(|| tokens().map(|(_, &[_, end])| end));
    let null_score =
        tokens().next().map_or(0.0, |(_, &[start, end])| starts.probability(start) * ends.probability(end));
    let mut kept = 0;
    for (start, &[logit, _]) in tokens().filter(|&(token, _)| token > 0) {
        let probability = starts.probability(logit);
        let within = |&(token, _): &(usize, &[f32; 2])| token - start < most_tokens;
        let later = pairs.iter().enumerate().skip(start).take_while(within);
        for (end, &[_, logit]) in later.filter(|&(token, _)| context(token)) {
            let span = Span { start, end: end + 1, score: probability * ends.probability(logit) };
            kept = insert(best, kept, span);
        }
    }
    Spans { best: part(best, ..kept), null_score }
}

/// Puts a span behind all that are at least as good; returns how many are kept.
fn insert(best: &mut [Span], kept: usize, span: Span) -> usize {
    let place = best.iter().take(kept).position(|other| span.score > other.score).unwrap_or(kept);
    let after = best.len().min(kept + 1);
    let mut moved = span;
    best.iter_mut().take(after).skip(place).for_each(|slot| core::mem::swap(slot, &mut moved));
    after
}

/// What the softmax over a column needs.
struct Softmax {
    largest: f32,
    sum: f32,
}

impl Softmax {
    fn new<I: Iterator<Item = f32>>(values: impl Fn() -> I) -> Self {
        let largest = values().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
        Self { largest, sum: values().map(|value| exp(value - largest)).sum() }
    }

    fn probability(&self, value: f32) -> f32 {
        exp(value - self.largest) / self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [CLS] q [SEP] a b c [SEP]: spans over a, b, c by trying all.
    #[test]
    fn every_span_of_the_context_in_order() {
        let logits = [0.5, 0.1, 9.0, 9.0, 9.0, 9.0, 1.0, 0.0, 2.0, 1.5, 0.2, 2.5, 9.0, 9.0];
        let context = |token: usize| (3..6).contains(&token);
        let tokens = [0, 3, 4, 5];
        let sum = |at: usize| tokens.iter().map(|&token: &usize| libm::expf(logits[2 * token + at])).sum::<f32>();
        let p = |token: usize, at: usize| libm::expf(logits[2 * token + at]) / sum(at);
        let mut expected: heapless::Vec<Span, 8> = heapless::Vec::new();
        for (start, end) in [(3, 4), (3, 5), (4, 5), (4, 6), (5, 6)] {
            expected.push(Span { start, end, score: p(start, 0) * p(end - 1, 1) }).unwrap();
        }
        expected.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        let mut best = [Span::default(); 8];
        let found = spans(&logits, context, 2, &mut best);
        assert_eq!(found.best.len(), 5);
        for (span, expected) in found.best.iter().zip(&expected) {
            assert_eq!((span.start, span.end), (expected.start, expected.end));
            assert!((span.score - expected.score).abs() < 1e-6);
        }
        assert!((found.null_score - p(0, 0) * p(0, 1)).abs() < 1e-6);
        let mut two = [Span::default(); 2];
        assert_eq!(spans(&logits, context, 2, &mut two).best, &best[..2]);
    }

    #[test]
    fn nothing_to_search() {
        assert!(spans(&[], |_| true, 15, &mut [Span::default()]).best.is_empty());
        assert!(spans(&[1.0; 6], |_| true, 15, &mut []).best.is_empty());
        assert!(spans(&[1.0; 6], |_| false, 15, &mut [Span::default()]).best.is_empty());
    }
}
