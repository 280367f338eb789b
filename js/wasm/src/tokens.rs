//! Texts, pairs and ids as JavaScript gives them.

use crate::json::{Raw, Writer};
use crate::result::message;
use albert_edge::{EncodeOptions, Engine, Model, Tokens};

/// A text, a pair, or ids in their place.
#[derive(Default)]
pub(crate) struct Input {
    pub(crate) text: Option<String>,
    pub(crate) text_pair: Option<String>,
    pub(crate) input_ids: Option<Vec<u32>>,
    pub(crate) token_type_ids: Option<Vec<u32>>,
}

impl Input {
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, String> {
        Self::of(json)
            .ok_or_else(|| "text, text_pair, input_ids and token_type_ids are texts and lists of ids".to_owned())
    }

    fn of(json: &[u8]) -> Option<Self> {
        let mut input = Self::default();
        for (name, value) in Raw::new(json)?.fields()? {
            match name.as_str() {
                _ if value.is_null() => {}
                "text" => input.text = Some(value.text()?),
                "text_pair" => input.text_pair = Some(value.text()?),
                "input_ids" => input.input_ids = Some(value.numbers()?),
                "token_type_ids" => input.token_type_ids = Some(value.numbers()?),
                _ => {}
            }
        }
        Some(input)
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
    let mut json = Writer::default();
    json.open('{');
    json.name("input_ids").numbers(&tokens.ids);
    json.name("token_type_ids").numbers(&tokens.types);
    json.close('}');
    json.finish()
}
