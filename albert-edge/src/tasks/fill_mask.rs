//! The most probable tokens at the masks of a text.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use albert_core::Positions;
use albert_core::heads::{Candidate, TopK};
use albert_core::tokenizer::{EncodeOptions, Tokenizer, Truncation};

use super::calls::{batches, task};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::text::{AsText, Limits};

/// Results for a mask unless the caller says otherwise.
const TOP_K: usize = 5;

/// A token for a mask.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Filling {
    /// Its probability.
    pub score: f32,
    /// Its id.
    pub token: u32,
    /// Its text.
    pub token_str: String,
    /// The text with the token in place of the mask.
    pub sequence: String,
    /// Which mask, from 0, when there are several.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub mask: Option<usize>,
}

/// A token to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What was asked for.
    pub target: String,
    /// The token that stands for it: itself, or its first token when it is none; nothing when it has none.
    pub token: Option<u32>,
    /// Whether it is in the vocabulary as it stands.
    pub known: bool,
}

/// The most probable tokens at the masks of a text.
#[derive(Clone, Debug)]
pub struct FillMask {
    engine: Engine,
    limits: Limits,
    top_k: usize,
    /// Ids to choose from, ascending; `None` for all.
    targets: Option<Vec<u32>>,
}

task!(FillMask, FillMask);
batches!(FillMask, <T: [AsText]> T, Vec<Filling>, |task, text| task.run(text));

impl FillMask {
    fn on(engine: Engine) -> Self {
        Self { engine, limits: Limits::REFUSE, top_k: TOP_K, targets: None }
    }

    /// Most tokens for each mask; 5 unless this says otherwise.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = k;
        self
    }

    /// Tokens to choose from. A target that is not in the vocabulary is tokenized, and its first token is used; see
    /// [`FillMask::find_targets`]. None at all: every token.
    ///
    /// # Errors
    /// [`Error::NoTarget`] when none of them has a token; those of [`Engine::encode`].
    pub fn targets(mut self, targets: impl IntoIterator<Item: AsRef<str>>) -> Result<Self> {
        let targets = self.find_targets(targets)?;
        let mut ids: Vec<u32> = targets.iter().filter_map(|target| target.token).collect();
        if ids.is_empty() && !targets.is_empty() {
            return Err(Error::NoTarget);
        }
        ids.sort_unstable();
        ids.dedup();
        self.targets = (!targets.is_empty()).then_some(ids);
        Ok(self)
    }

    /// The tokens that targets stand for.
    ///
    /// # Errors
    /// Those of [`Engine::encode`].
    pub fn find_targets(&self, targets: impl IntoIterator<Item: AsRef<str>>) -> Result<Vec<Target>> {
        let tokenizer = self.engine.tokenizer()?;
        let options = EncodeOptions { add_special_tokens: false, ..EncodeOptions::default() };
        let find = |target: &str| {
            let known = tokenizer.token_to_id(target);
            let token = match known {
                Some(id) => Some(id),
                None => self.engine.encode_with(target, None, &options, |encoding| encoding.ids().first().copied())?,
            };
            Ok(Target { target: target.to_owned(), token, known: known.is_some() })
        };
        targets.into_iter().map(|target| find(target.as_ref())).collect()
    }

    /// How texts that are too long are cut; they are refused unless this says otherwise.
    pub fn truncation(mut self, truncation: Truncation) -> Self {
        self.limits.truncation = truncation;
        self
    }

    /// Most tokens of an input, special tokens included; the model's own limit if that is lower.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.limits.max_length = Some(tokens);
        self
    }

    /// For each mask in the order of the text, its best tokens in descending order.
    ///
    /// # Errors
    /// [`Error::NoMask`], [`Error::NoMaskToken`]; those of [`Engine::encode`] and [`Engine::run`]; [`Error::EmptyText`].
    pub fn run(&self, text: impl AsText) -> Result<Vec<Filling>> {
        let tokenizer = self.engine.tokenizer()?;
        let tokens = self.limits.encode(&self.engine, text.as_text())?;
        let mask = tokenizer.mask().ok_or(Error::NoMaskToken)?;
        let places = (0u32..).zip(&tokens.ids).filter(|&(_, &id)| id == mask).map(|(place, _)| place);
        let places: Vec<u32> = places.collect();
        if places.is_empty() {
            return Err(Error::NoMask { mask: tokenizer.id_to_token(mask).unwrap_or("[MASK]").to_owned() });
        }
        let vocabulary = self.engine.model().config().vocab_size as usize;
        let most = self.targets.as_ref().map_or(vocabulary, Vec::len);
        let mut best = vec![Candidate::default(); self.top_k.min(most)];
        let wanted = |id: u32| self.targets.as_ref().is_none_or(|targets| targets.binary_search(&id).is_ok());
        let several = places.len() > 1;
        let input = tokens.input().with_positions(Positions::Listed(&places));
        self.engine.run(&input, tokens.len(), |session| {
            let mut fillings = Vec::new();
            for (index, &place) in places.iter().enumerate() {
                let mut logits = session.vocabulary_logits(index).ok_or(Error::NoOutput)?;
                let mut top = TopK::new(&mut best);
                while let Some(chunk) = logits.next_chunk() {
                    top.extend_with(chunk.first, chunk.logits, wanted);
                }
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
        })
    }
}

fn decode(tokenizer: Tokenizer<'_>, ids: &[u32], skip_special_tokens: bool) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    tokenizer.decode(ids, skip_special_tokens, &mut text).unwrap_or_default();
    text
}
