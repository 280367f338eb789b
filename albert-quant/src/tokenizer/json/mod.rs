//! `tokenizer.json`.

mod component;
mod metaspace;
mod model;
mod normalizer;
mod post_processor;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::CompileError;
use super::definition::{AddedToken, Config, Definition};
pub(super) use post_processor::bert_templates;

/// The file. Components are read when their type is known: as JSON values they would take many times the file's size.
#[derive(Deserialize)]
struct File<'j> {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    #[serde(borrow)]
    normalizer: Option<&'j RawValue>,
    #[serde(borrow)]
    pre_tokenizer: Option<&'j RawValue>,
    #[serde(borrow)]
    post_processor: Option<&'j RawValue>,
    #[serde(borrow)]
    decoder: Option<&'j RawValue>,
    #[serde(borrow)]
    model: &'j RawValue,
}

pub(super) fn parse(json: &[u8], config: &Config) -> Result<Definition, CompileError> {
    let file: File<'_> =
        serde_json::from_slice(json).map_err(|source| CompileError::Json { file: "tokenizer.json", source })?;
    let (mut definition, model_ids, model_size) = model::read(file.model)?;
    definition.added = file.added_tokens;
    definition.number_added_tokens(&model_ids, model_size);
    normalizer::read(file.normalizer, &mut definition.normalizers)?;
    metaspace::read_pre_tokenizer(file.pre_tokenizer, &mut definition.steps)?;
    (definition.single, definition.pair) = post_processor::read(file.post_processor)?;
    definition.decoder = metaspace::read_decoder(file.decoder, &definition.prefix)?;
    let mut ids: HashMap<&str, u32> = model_ids.iter().map(|(token, &id)| (token.as_str(), id)).collect();
    ids.extend(definition.added.iter().map(|token| (token.content.as_str(), token.id)));
    definition.roles = config.roles(&ids);
    Ok(definition)
}
