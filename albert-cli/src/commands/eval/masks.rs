//! Tokens at masks: those of the text and their labels, or tokens of the text that are masked.

use albert_core::Positions;
use albert_edge::{Engine, Error as EdgeError, FillMask, Task, Tokens, Truncation};
use albert_report::metrics::Filled;

use super::labels::several;
use super::scored::{Scored, Treatment, need_label};
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::rows::Row;

/// Share of the tokens that are masked, as in training.
const MASKED: f64 = 0.15;

pub(super) fn fillings(
    engine: &Engine,
    row: &Row,
    number: usize,
    treatment: &Treatment,
) -> Result<Scored<Vec<Filled>>> {
    let explained = |error| explain(&error, Some(Task::FillMask));
    let mask = engine.tokenizer().map_err(explained)?.mask().ok_or_else(|| explained(EdgeError::NoMaskToken))?;
    let pair = row.request.text_pair.as_deref();
    let mut tokens = treatment.encode(engine, row.need_text()?, pair, Truncation::LongestFirst)?;
    let mut places: Vec<u32> =
        (0u32..).zip(&tokens.ids).filter(|&(_, &id)| id == mask).map(|(place, _)| place).collect();
    let targets = if places.is_empty() {
        places = chosen(&tokens, treatment.seed.wrapping_add(number as u64));
        let targets = places.iter().map(|&place| std::mem::replace(&mut tokens.ids[place as usize], mask));
        targets.collect()
    } else {
        labels(engine, row, places.len(), &treatment.separator)?
    };
    if places.is_empty() {
        return Err(Error::new("the text has no tokens to mask"));
    }
    let input = tokens.input().with_positions(Positions::Listed(&places));
    Scored::timed(engine, || {
        let ran = engine.run(&input, tokens.len(), |session| {
            let mut fillings = Vec::with_capacity(targets.len());
            let mut all: Vec<f32> = Vec::new();
            for (index, &target) in targets.iter().enumerate() {
                all.clear();
                let mut logits = session.vocabulary_logits(index).ok_or(EdgeError::NoOutput)?;
                while let Some(chunk) = logits.next_chunk() {
                    all.extend_from_slice(chunk.logits);
                }
                fillings.push(filled(&all, target as usize));
            }
            Ok(fillings)
        });
        ran.map_err(explained)
    })
}

/// Probability and rank of a token among logits.
fn filled(logits: &[f32], target: usize) -> Filled {
    let own = logits.get(target).copied().unwrap_or(f32::NAN);
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - most).exp()).sum();
    Filled {
        log_probability: f64::from(own - most) - sum.ln(),
        rank: logits.iter().filter(|&&logit| logit > own).count(),
    }
}

/// The tokens of the labels of the text's masks.
pub(super) fn labels(engine: &Engine, row: &Row, masks: usize, separator: &str) -> Result<Vec<u32>> {
    let label = need_label(row)?;
    let labels = if masks == 1 && label.is_string() { vec![label.clone()] } else { several(label, separator) };
    if labels.len() != masks {
        return Err(Error::new(format_args!("{masks} masks and {} labels", labels.len())));
    }
    let texts: Option<Vec<&str>> = labels.iter().map(|label| label.as_str()).collect();
    let texts = texts.ok_or_else(|| Error::new("the label of a mask is a text"))?;
    let explained = |error| explain(&error, Some(Task::FillMask));
    let found = FillMask::with_engine(engine.clone()).and_then(|task| task.find_targets(texts)).map_err(explained)?;
    let token = |target: &albert_edge::Target| {
        target.token.ok_or_else(|| Error::new(format_args!("the label {:?} has no token", target.target)))
    };
    found.iter().map(token).collect()
}

/// Tokens that are masked, at least one: the same for a seed, whatever the threads.
fn chosen(tokens: &Tokens, seed: u64) -> Vec<u32> {
    let own: Vec<u32> =
        (0u32..).zip(&tokens.special).filter(|(_, special)| !**special).map(|(place, _)| place).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut chosen: Vec<u32> = own.iter().copied().filter(|_| random.f64() < MASKED).collect();
    if chosen.is_empty() && !own.is_empty() {
        chosen.push(own[random.usize(..own.len())]);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_and_rank() {
        let found = filled(&[1.0, 3.0, 2.0, 2.0], 3);
        let sum = [1.0f64, 3.0, 2.0, 2.0].map(f64::exp).iter().sum::<f64>();
        assert!((found.log_probability - (2.0 - sum.ln())).abs() < 1e-12);
        assert_eq!(found.rank, 1);
    }

    #[test]
    fn some_tokens_are_chosen() {
        let tokens = Tokens { special: [vec![true], vec![false; 1000], vec![true]].concat(), ..Tokens::default() };
        let found = chosen(&tokens, 7);
        assert!((110..190).contains(&found.len()) && found == chosen(&tokens, 7) && found != chosen(&tokens, 8));
        assert!(found.iter().all(|&place| (1..=1000).contains(&place)));
        let short = Tokens { special: vec![true, false, true], ..Tokens::default() };
        assert!((0..50).all(|seed| chosen(&short, seed) == [1]));
    }
}
