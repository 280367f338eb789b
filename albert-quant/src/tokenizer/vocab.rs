//! `vocab.txt`: BERT's WordPiece.

use std::collections::HashMap;

use albert_core::tokenizer::section::model;

use super::CompileError;
use super::definition::{AddedToken, Config, Decoder, Definition, TokenName};
use super::json::bert_templates;
use super::normalizer::{Normalizer, PreTokenizer};

/// Longest word that is taken apart.
const MAX_WORD: u32 = 100;

pub(super) fn parse(vocab: &[u8], config: &Config) -> Result<Definition, CompileError> {
    let text = String::from_utf8_lossy(vocab);
    let lines = text.lines().map(|line| line.trim_end_matches('\r').to_owned());
    let pieces: Vec<(String, u32)> = lines.zip(0..).filter(|(piece, _)| !piece.is_empty()).collect();
    let model_ids: HashMap<String, u32> = pieces.iter().cloned().collect();
    let name = |name: &Option<TokenName>, usual: &str| name.as_ref().map_or(usual, TokenName::content).to_owned();
    let unk = name(&config.unk_token, "[UNK]");
    let unk_id = *model_ids.get(&unk).ok_or_else(|| CompileError::MissingToken { token: unk.clone() })?;
    let lowercase = config.do_lower_case.unwrap_or(true);
    let special = [
        unk,
        name(&config.sep_token, "[SEP]"),
        name(&config.pad_token, "[PAD]"),
        name(&config.cls_token, "[CLS]"),
        name(&config.mask_token, "[MASK]"),
    ];
    let mut definition = Definition {
        max_word: MAX_WORD,
        prefix: "##".to_owned(),
        added: config.added_tokens(special.into_iter().map(|content| AddedToken::special(content, false))),
        normalizers: vec![Normalizer::Bert {
            clean_text: true,
            handle_chinese_chars: config.tokenize_chinese_chars.unwrap_or(true),
            strip_accents: config.strip_accents.unwrap_or(lowercase),
            lowercase,
        }],
        steps: vec![PreTokenizer::Whitespace, PreTokenizer::Punctuation],
        decoder: Decoder::WordPiece { clean_up: true },
        ..Definition::new(model::WORD_PIECE, pieces, unk_id)
    };
    definition.number_added_tokens(&model_ids, model_ids.len());
    config.check_ids(&definition)?;
    finish(&mut definition, config, &model_ids);
    Ok(definition)
}

/// Roles, and the templates that follow from them.
pub(super) fn finish(definition: &mut Definition, config: &Config, model_ids: &HashMap<String, u32>) {
    let mut ids: HashMap<&str, u32> = model_ids.iter().map(|(token, &id)| (token.as_str(), id)).collect();
    ids.extend(definition.added.iter().map(|token| (token.content.as_str(), token.id)));
    definition.roles = config.roles(&ids);
    if let (Some(cls), Some(sep)) = (definition.roles.cls, definition.roles.sep) {
        (definition.single, definition.pair) = bert_templates(cls, sep);
    }
}

impl AddedToken {
    /// A special token that is matched as it is.
    pub(super) fn special(content: String, lstrip: bool) -> Self {
        Self {
            id: 0,
            content,
            single_word: false,
            lstrip,
            rstrip: false,
            normalized: false,
            special: true,
            variants: vec![],
        }
    }
}
