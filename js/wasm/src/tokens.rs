//! Texts, pairs and ids as JavaScript gives them.

use crate::result::message;
use albert_edge::{EncodeOptions, Engine, Model, Tokens};
use miniserde::{Deserialize, Serialize, json};

/// A text, a pair, or ids in their place.
#[derive(Default, Deserialize)]
pub(crate) struct Input {
    pub(crate) text: Option<String>,
    pub(crate) text_pair: Option<String>,
    pub(crate) input_ids: Option<Vec<u32>>,
    pub(crate) token_type_ids: Option<Vec<u32>>,
}

#[derive(Serialize)]
struct Ids<'t> {
    input_ids: &'t [u32],
    token_type_ids: &'t [u32],
}

impl Input {
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, String> {
        let json = core::str::from_utf8(json).map_err(message)?;
        json::from_str(json)
            .map_err(|_| "text, text_pair, input_ids and token_type_ids are texts and lists of ids".to_owned())
    }
}

/// The tokens of an [`Input`].
pub(crate) fn of(model: &Model, json: &[u8]) -> Result<Tokens, String> {
    let Input { text, text_pair, input_ids, token_type_ids } = Input::from_json(json)?;
    if let Some(ids) = input_ids.filter(|ids| !ids.is_empty()) {
        return Ok(Tokens::from_ids(&ids, &token_type_ids.unwrap_or_default()));
    }
    let text = text.unwrap_or_default();
    Engine::new(model).encode(&text, text_pair.as_deref(), &EncodeOptions::default()).map_err(message)
}

pub(crate) fn to_json(tokens: &Tokens) -> String {
    json::to_string(&Ids { input_ids: &tokens.ids, token_type_ids: &tokens.types })
}
