//! Texts, pairs and ids as JavaScript gives them.

use crate::result::message;
use albert_edge::{EncodeOptions, Engine, Model, Tokens};
use serde::{Deserialize, Serialize};

/// A text, a pair, or ids in their place.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Input {
    pub(crate) text: Option<String>,
    pub(crate) text_pair: Option<String>,
    pub(crate) input_ids: Vec<u32>,
    pub(crate) token_type_ids: Vec<u32>,
}

#[derive(Serialize)]
struct Ids<'t> {
    input_ids: &'t [u32],
    token_type_ids: &'t [u32],
}

/// The tokens of an [`Input`].
pub(crate) fn of(model: &Model, json: &[u8]) -> Result<Tokens, String> {
    let input: Input = serde_json::from_slice(json).map_err(message)?;
    if !input.input_ids.is_empty() {
        return Ok(Tokens::from_ids(&input.input_ids, &input.token_type_ids));
    }
    let text = input.text.unwrap_or_default();
    Engine::new(model).encode(&text, input.text_pair.as_deref(), &EncodeOptions::default()).map_err(message)
}

pub(crate) fn to_json(tokens: &Tokens) -> String {
    let ids = Ids { input_ids: &tokens.ids, token_type_ids: &tokens.types };
    serde_json::to_string(&ids).unwrap_or_default()
}
