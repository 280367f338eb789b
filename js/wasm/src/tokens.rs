//! Tokens of what JavaScript asks about.

use crate::result::set_error;
use albert_edge::{EncodeOptions, Engine, Model, Tokens};
use serde::{Deserialize, Serialize};

/// A text, a pair, or ids in their place.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Input {
    text: String,
    text_pair: Option<String>,
    input_ids: Vec<u32>,
    token_type_ids: Vec<u32>,
}

#[derive(Serialize)]
struct Ids<'t> {
    input_ids: &'t [u32],
    token_type_ids: &'t [u32],
}

/// The tokens; the message of an error is left as the result.
pub(crate) fn of(model: &Model, json: &[u8]) -> Result<Tokens, ()> {
    let input: Input = serde_json::from_slice(json).map_err(|error| set_error(&error))?;
    if !input.input_ids.is_empty() {
        return Ok(Tokens::from_ids(&input.input_ids, &input.token_type_ids));
    }
    let encoded = Engine::new(model).encode(&input.text, input.text_pair.as_deref(), &EncodeOptions::default());
    encoded.map_err(|error| set_error(&error))
}

pub(crate) fn to_json(tokens: &Tokens) -> String {
    let ids = Ids { input_ids: &tokens.ids, token_type_ids: &tokens.types };
    serde_json::to_string(&ids).unwrap_or_default()
}
