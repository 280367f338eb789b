//! Templates of special tokens around one text and two.

use std::collections::HashMap;

use albert_core::tokenizer::section::{MAX_TEMPLATE, template};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::CompileError;
use super::component::{fields, kind, unsupported, wrong};

const POST_PROCESSOR: &str = "post_processor";

#[derive(Deserialize)]
enum Entry {
    SpecialToken { id: String, type_id: u32 },
    Sequence { id: Side, type_id: u32 },
}

#[derive(Deserialize)]
enum Side {
    A,
    B,
}

#[derive(Deserialize)]
struct SpecialToken {
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Template {
    single: Vec<Entry>,
    pair: Vec<Entry>,
    special_tokens: HashMap<String, SpecialToken>,
}

#[derive(Deserialize)]
struct BertProcessing {
    sep: (String, u32),
    cls: (String, u32),
}

type TemplateEntries = Vec<(u32, u32)>;

pub(super) fn read(value: Option<&RawValue>) -> Result<(TemplateEntries, TemplateEntries), CompileError> {
    let Some(value) = value else {
        return Ok((vec![(template::FIRST, 0)], vec![(template::FIRST, 0), (template::SECOND, 1)]));
    };
    match kind(value).as_str() {
        "TemplateProcessing" => {
            let file: Template = fields(POST_PROCESSOR, value)?;
            let single = read_template(&file.single, &file.special_tokens)?;
            let pair = read_template(&file.pair, &file.special_tokens)?;
            let texts = |entries: &[(u32, u32)]| -> Vec<u32> {
                entries.iter().map(|&(code, _)| code).filter(|&code| code >= template::SECOND).collect()
            };
            if texts(&single) != [template::FIRST] || texts(&pair) != [template::FIRST, template::SECOND] {
                return Err(wrong(
                    POST_PROCESSOR,
                    "TemplateProcessing",
                    "the texts must occur once each, the first one first",
                ));
            }
            Ok((single, pair))
        }
        "BertProcessing" => {
            let BertProcessing { sep: (_, sep), cls: (_, cls) } = fields(POST_PROCESSOR, value)?;
            Ok(bert_templates(cls, sep))
        }
        kind => Err(unsupported(POST_PROCESSOR, kind)),
    }
}

/// `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`.
pub(in super::super) fn bert_templates(cls: u32, sep: u32) -> (TemplateEntries, TemplateEntries) {
    let single = vec![(cls, 0), (template::FIRST, 0), (sep, 0)];
    let pair = single.iter().copied().chain([(template::SECOND, 1), (sep, 1)]).collect();
    (single, pair)
}

fn read_template(entries: &[Entry], special: &HashMap<String, SpecialToken>) -> Result<TemplateEntries, CompileError> {
    let mut result = Vec::new();
    for entry in entries {
        let type_id = match entry {
            Entry::Sequence { type_id, .. } | Entry::SpecialToken { type_id, .. } => *type_id,
        };
        if type_id > 255 {
            return Err(wrong(POST_PROCESSOR, "TemplateProcessing", "a token type is above 255"));
        }
        match entry {
            Entry::Sequence { id: Side::A, .. } => result.push((template::FIRST, type_id)),
            Entry::Sequence { id: Side::B, .. } => result.push((template::SECOND, type_id)),
            Entry::SpecialToken { id, .. } => {
                let token = special.get(id).ok_or_else(|| {
                    wrong(POST_PROCESSOR, "TemplateProcessing", format!("{id:?} is not among the special tokens"))
                })?;
                result.extend(token.ids.iter().map(|&id| (id, type_id)));
            }
        }
        if result.len() > MAX_TEMPLATE {
            return Err(CompileError::TooLarge { what: POST_PROCESSOR });
        }
    }
    Ok(result)
}
