//! SentencePiece files as transformers 5 converts them when there is no `tokenizer.json`.

use std::collections::HashMap;

use albert_core::tokenizer::section::{model, prepend, template};

use super::CompileError;
use super::definition::{AddedToken, Config, Decoder, Definition, TokenName};
use super::normalizer::{Normalizer, PreTokenizer};
use super::spiece::{self, Model, damaged, kind};

/// Score below the lowest that unknown characters have.
const UNK_PENALTY: f64 = 10.0;
const BLANK: char = '\u{2581}';

/// `spiece.model`, as `AlbertTokenizer` takes it.
pub(super) fn albert(bytes: &[u8], config: &Config) -> Result<Definition, CompileError> {
    let model = spiece::read(bytes)?;
    let name = |name: &Option<TokenName>, usual: &str| name.as_ref().map_or(usual, TokenName::content).to_owned();
    let (cls, sep) = (name(&config.cls_token, "[CLS]"), name(&config.sep_token, "[SEP]"));
    let mask = config.mask_token.clone().unwrap_or(TokenName::Name("[MASK]".to_owned()));
    let roles = [
        AddedToken::special(name(&config.pad_token, "<pad>"), false),
        AddedToken::special(name(&config.unk_token, "<unk>"), false),
        AddedToken::special(cls.clone(), false),
        AddedToken::special(sep.clone(), false),
        AddedToken::special(mask.content().to_owned(), mask.strips_left()),
    ];
    let vocabulary: Vec<(String, f64)> =
        model.pieces.iter().map(|piece| (piece.text.clone(), f64::from(piece.score))).collect();
    let mut normalizers = ["``", "''"]
        .map(|pattern| Normalizer::Replace { pattern: pattern.to_owned(), content: "\"".to_owned() })
        .to_vec();
    if !config.keep_accents.unwrap_or(false) {
        normalizers.extend([Normalizer::Nfkd, Normalizer::StripAccents]);
    }
    if config.do_lower_case.unwrap_or(true) {
        normalizers.push(Normalizer::Lowercase);
    }
    // The class has the unknown token at 1, whatever the file says.
    let mut definition = assemble(vocabulary, 1, &model, roles.into(), config, normalizers)?;
    let id = |token: &str| definition.tokens.iter().find(|(_, known)| *known == token).map(|(&id, _)| id);
    if let (Some(cls), Some(sep)) = (id(&cls), id(&sep)) {
        (definition.single, definition.pair) = super::json::bert_templates(cls, sep);
    }
    Ok(definition)
}

/// `sentencepiece.bpe.model`, as `XLMRobertaTokenizer` takes it: fairseq's first ids, the pieces from the fourth on, the mask.
pub(super) fn xlm_roberta(bytes: &[u8], config: &Config) -> Result<Definition, CompileError> {
    let model = spiece::read(bytes)?;
    let name = |name: &Option<TokenName>, usual: &str| name.as_ref().map_or(usual, TokenName::content).to_owned();
    let (cls, sep) = (name(&config.cls_token, "<s>"), name(&config.sep_token, "</s>"));
    let (pad, unk) = (name(&config.pad_token, "<pad>"), name(&config.unk_token, "<unk>"));
    let mask = config.mask_token.clone().unwrap_or(TokenName::Name("<mask>".to_owned()));
    let first = [cls.clone(), pad.clone(), sep.clone(), unk.clone()].map(|token| (token, 0.0));
    let pieces = model.pieces.iter().skip(3).map(|piece| (piece.text.clone(), f64::from(piece.score)));
    let vocabulary = first.into_iter().chain(pieces).chain([(mask.content().to_owned(), 0.0)]).collect();
    let roles = vec![
        AddedToken::special(cls, false),
        AddedToken::special(sep, false),
        AddedToken::special(unk, false),
        AddedToken::special(pad, false),
        AddedToken::special(mask.content().to_owned(), mask.strips_left()),
    ];
    let mut definition = assemble(vocabulary, 3, &model, roles, config, Vec::new())?;
    let (cls, sep) = (0, 2);
    definition.single = vec![(cls, 0), (template::FIRST, 0), (sep, 0)];
    definition.pair = vec![(cls, 0), (template::FIRST, 0), (sep, 0), (sep, 0), (template::SECOND, 0), (sep, 0)];
    definition.roles.cls = Some(cls);
    definition.roles.sep = Some(sep);
    Ok(definition)
}

fn assemble(
    vocabulary: Vec<(String, f64)>,
    unk: u32,
    model: &Model,
    roles: Vec<AddedToken>,
    config: &Config,
    mut normalizers: Vec<Normalizer>,
) -> Result<Definition, CompileError> {
    if unk as usize >= vocabulary.len() || model.pieces.iter().any(|piece| piece.kind == kind::BYTE) {
        return Err(damaged("byte fallback is not supported"));
    }
    if !model.charsmap.0.is_empty() {
        normalizers.push(Normalizer::Precompiled(model.charsmap.clone()));
    }
    let lowest = vocabulary.iter().map(|&(_, score)| score).fold(f64::INFINITY, f64::min);
    let scores = vocabulary.iter().map(|&(_, score)| score).collect();
    let size = vocabulary.len();
    let pieces: Vec<(String, u32)> = vocabulary.into_iter().zip(0..).map(|((piece, _), id)| (piece, id)).collect();
    let ids: HashMap<String, u32> = pieces.iter().cloned().collect();
    // Control pieces and user-defined symbols are matched in the text before anything happens to it.
    let symbols = model.pieces.iter().filter(|piece| matches!(piece.kind, kind::CONTROL | kind::USER_DEFINED));
    let symbols = symbols.filter(|piece| !roles.iter().any(|role| role.content == piece.text));
    let symbols: Vec<AddedToken> = symbols
        .map(|piece| AddedToken {
            special: piece.kind == kind::CONTROL,
            ..AddedToken::special(piece.text.clone(), false)
        })
        .collect();
    let mut added = config.added_tokens(roles);
    added.extend(symbols);
    let mut definition = Definition {
        scores,
        unk_score: lowest - UNK_PENALTY,
        added,
        normalizers,
        steps: vec![
            PreTokenizer::Whitespace,
            PreTokenizer::Metaspace { blank: BLANK, prepend: prepend::ALWAYS, split: true },
        ],
        decoder: Decoder::Metaspace { blank: BLANK, drop_first: true },
        ..Definition::new(model::UNIGRAM, pieces, unk)
    };
    definition.number_added_tokens(&ids, size);
    config.check_ids(&definition)?;
    let mut all: HashMap<&str, u32> = ids.iter().map(|(token, &id)| (token.as_str(), id)).collect();
    all.extend(definition.added.iter().map(|token| (token.content.as_str(), token.id)));
    definition.roles = config.roles(&all);
    Ok(definition)
}
