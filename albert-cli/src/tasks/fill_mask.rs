//! The most probable tokens at the masks of a text.

use std::fmt;

use albert_core::Positions;
use albert_core::heads::{Candidate, TopK};
use albert_core::tokenizer::{EncodeOptions, Tokenizer};
use serde::Serialize;

use super::{Settings, tokens};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::input::Row;

/// Results for a mask unless `--top-k` says otherwise.
const TOP_K: usize = 5;

/// A token for a mask.
#[derive(Debug, Serialize)]
pub(super) struct Filling {
    score: f32,
    token: u32,
    token_str: String,
    sequence: String,
    /// Which mask, from 0, when there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    mask: Option<usize>,
}

impl fmt::Display for Filling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{:.4}\t{}", self.token_str, self.score, self.sequence)
    }
}

/// For each mask in the order of the text, its best tokens in descending order.
pub(super) fn answer(engine: &mut Engine<'_>, row: &Row, settings: &Settings) -> Result<Vec<Filling>> {
    let tokenizer = engine.tokenizer()?;
    let tokens = tokens(engine, row, None)?;
    let mask = tokenizer.mask().ok_or_else(|| Error::new("the tokenizer has no mask token"))?;
    let places = (0u32..).zip(&tokens.ids).filter(|&(_, &id)| id == mask).map(|(place, _)| place);
    let places: Vec<u32> = places.collect();
    if places.is_empty() {
        let name = tokenizer.id_to_token(mask).unwrap_or("[MASK]");
        return Err(Error::new(format_args!("there is no {name} in the text")));
    }
    let wanted = if row.targets.is_empty() { &settings.options.targets } else { &row.targets };
    let targets = targets(engine, wanted)?;
    let most = if wanted.is_empty() { usize::MAX } else { targets.len() };
    let vocabulary = engine.model().config().vocab_size as usize;
    let mut best = vec![Candidate::default(); settings.top_k.unwrap_or(TOP_K).min(most).min(vocabulary)];
    let input = tokens.input().with_positions(Positions::Listed(&places));
    let mut session = engine.run(&input, tokens.ids.len())?;
    let mut fillings = Vec::new();
    for (index, &place) in places.iter().enumerate() {
        let logits = session.vocabulary_logits(index);
        let mut logits = logits.ok_or_else(|| Error::new("the model gives no vocabulary logits"))?;
        let mut top = TopK::new(&mut best);
        while let Some(chunk) = logits.next_chunk() {
            top.extend_with(chunk.first, chunk.logits, |id| wanted.is_empty() || targets.binary_search(&id).is_ok());
        }
        let several = places.len() > 1;
        for &Candidate { id, score } in top.finish() {
            let mut ids = tokens.ids.clone();
            ids[place as usize] = id;
            ids.retain(|&id| Some(id) != tokenizer.pad());
            fillings.push(Filling {
                score,
                token: id,
                token_str: decode(tokenizer, &[id], false),
                sequence: decode(tokenizer, &ids, !several),
                mask: several.then_some(index),
            });
        }
    }
    Ok(fillings)
}

fn decode(tokenizer: Tokenizer<'_>, ids: &[u32], skip_special_tokens: bool) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    tokenizer.decode(ids, skip_special_tokens, &mut text).unwrap_or_default();
    text
}

/// Ids of the tokens to choose from, ascending. What is no token is tokenized and its first token counts; what has none is
/// left out.
fn targets(engine: &mut Engine<'_>, wanted: &[String]) -> Result<Vec<u32>> {
    let tokenizer = engine.tokenizer()?;
    let options = EncodeOptions { add_special_tokens: false, ..EncodeOptions::default() };
    let mut ids = Vec::new();
    for target in wanted {
        ids.extend(match tokenizer.token_to_id(target) {
            Some(id) => Some(id),
            None => engine.encode_with(target, None, &options, |encoding| encoding.ids().first().copied())?,
        });
    }
    if ids.is_empty() && !wanted.is_empty() {
        return Err(Error::new("none of the targets has a token"));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
