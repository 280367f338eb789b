//! What is said about a tokenizer beside it: `tokenizer_config.json`, and the two files that older checkpoints have instead of
//! its list of added tokens.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::CompileError;

pub(super) const CONFIG: &str = "tokenizer_config.json";
pub(super) const SPECIAL_TOKENS: &str = "special_tokens_map.json";
pub(super) const ADDED_TOKENS: &str = "added_tokens.json";
/// The key of the list of added tokens.
const LIST: &str = "added_tokens_decoder";

/// The three files as one `tokenizer_config.json`; `None` when there is none of them.
///
/// As in the reference: where the configuration lists its added tokens, it alone counts. Otherwise the roles of
/// `special_tokens_map.json` go before its own, and the tokens of `added_tokens.json` become its list.
pub(super) fn merged(
    config: Option<Vec<u8>>,
    special_tokens: Option<&[u8]>,
    added_tokens: Option<&[u8]>,
) -> Result<Option<Vec<u8>>, CompileError> {
    if special_tokens.is_none() && added_tokens.is_none() {
        return Ok(config);
    }
    let mut merged: Map<String, Value> = parsed(CONFIG, config.as_deref())?;
    if merged.contains_key(LIST) {
        return Ok(config);
    }
    let special_tokens: Map<String, Value> = parsed(SPECIAL_TOKENS, special_tokens)?;
    for (role, token) in special_tokens {
        if token.is_string() || token.is_object() || token.is_array() {
            merged.insert(role, token);
        }
    }
    let special: Vec<String> = merged
        .iter()
        .filter(|(role, _)| role.ends_with("_token") || *role == "additional_special_tokens")
        .flat_map(|(_, tokens)| tokens.as_array().map_or(std::slice::from_ref(tokens), Vec::as_slice))
        .filter_map(|token| token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned))
        .collect();
    let mut list = Map::new();
    let added_tokens: BTreeMap<String, u32> = parsed(ADDED_TOKENS, added_tokens)?;
    for (content, id) in added_tokens {
        let special = special.contains(&content);
        list.insert(id.to_string(), json!({ "content": content, "special": special, "normalized": !special }));
    }
    merged.insert(LIST.to_owned(), Value::Object(list));
    Ok(Some(Value::Object(merged).to_string().into_bytes()))
}

/// The content of a file; an absent one is empty.
fn parsed<T: Default + DeserializeOwned>(file: &'static str, json: Option<&[u8]>) -> Result<T, CompileError> {
    let Some(json) = json else { return Ok(T::default()) };
    serde_json::from_slice(json).map_err(|source| CompileError::Json { file, source })
}
