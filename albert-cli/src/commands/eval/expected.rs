//! The right answers of a row, for a report of the answers that change.

use albert_edge::{Engine, Tokens};
use albert_report::sample::Expected;

use super::scored::{Treatment, need_label};
use super::{Score, masks, sequences, tokens};
use crate::error::Result;
use crate::rows::Row;

/// The right answers of a row, whose input is `encoded`. Those of questions and choices are not told: they are no label of the
/// input or of a token.
pub(crate) fn expected(
    engine: &Engine,
    row: &Row,
    encoded: &Tokens,
    score: Score,
    treatment: &Treatment,
) -> Result<Expected> {
    Ok(match score {
        Score::Label => Expected::Labels(vec![treatment.labels.find(need_label(row)?)?]),
        Score::Labels => {
            let labels = sequences::labels(row, treatment)?;
            Expected::Labels(
                labels.iter().enumerate().filter(|(_, applies)| **applies).map(|(label, _)| label).collect(),
            )
        }
        Score::Tags => {
            // A tag that the model does not have counts as wrong in an evaluation, too.
            let tags = tokens::tags_of(row)?.iter().map(|tag| treatment.labels.find(tag).ok());
            let firsts = tokens::first_tokens(&row.words, encoded);
            Expected::Tokens(firsts.zip(tags).filter_map(|(token, tag)| Some((token?, tag))).collect())
        }
        Score::Masks => {
            let mask = engine.tokenizer().ok().and_then(|tokenizer| tokenizer.mask());
            let places: Vec<usize> =
                (0..).zip(&encoded.ids).filter(|&(_, &id)| Some(id) == mask).map(|(at, _)| at).collect();
            if places.is_empty() {
                return Ok(Expected::Unknown);
            }
            let targets = masks::labels(engine, row, places.len(), &treatment.separator)?;
            Expected::Tokens(places.into_iter().zip(targets.into_iter().map(|id| Some(id as usize))).collect())
        }
        Score::Value | Score::Similarity | Score::Answer | Score::Choice => Expected::Unknown,
    })
}
