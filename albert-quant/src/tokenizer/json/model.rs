//! The model: pieces with scores, or words and their continuations.

use std::collections::{BTreeMap, HashMap};

use albert_core::tokenizer::section::{MAX_TOKEN_BYTES, model};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::super::CompileError;
use super::super::definition::Definition;
use super::component::{reason, unsupported, wrong};

const MODEL: &str = "model";
/// Score below the lowest that unknown characters have.
const UNK_PENALTY: f64 = 10.0;

#[derive(Deserialize)]
struct UnigramModel {
    unk_id: Option<u32>,
    vocab: Vec<(String, f64)>,
    #[serde(default)]
    byte_fallback: bool,
}

#[derive(Deserialize)]
struct WordPieceModel {
    unk_token: String,
    #[serde(default = "continuation")]
    continuing_subword_prefix: String,
    #[serde(default = "longest_word")]
    max_input_chars_per_word: u32,
    vocab: BTreeMap<String, u32>,
}

fn continuation() -> String {
    "##".to_owned()
}

fn longest_word() -> u32 {
    100
}

type ModelIds = HashMap<String, u32>;

pub(super) fn read(value: &RawValue) -> Result<(Definition, ModelIds, usize), CompileError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Signs {
        r#type: Option<String>,
        unk_id: Option<IgnoredAny>,
        continuing_subword_prefix: Option<IgnoredAny>,
    }
    let signs: Signs = serde_json::from_str(value.get()).unwrap_or_default();
    // Old files have no type.
    let kind = match signs.r#type.as_deref() {
        Some(kind) => kind,
        None if signs.unk_id.is_some() => "Unigram",
        None if signs.continuing_subword_prefix.is_some() => "WordPiece",
        None => "without type",
    };
    let damaged = |error| wrong(MODEL, kind, reason(error));
    match kind {
        "Unigram" => unigram(serde_json::from_str(value.get()).map_err(damaged)?),
        "WordPiece" => word_piece(serde_json::from_str(value.get()).map_err(damaged)?),
        "BPE" => Err(CompileError::Bpe),
        _ => Err(unsupported(MODEL, kind)),
    }
}

/// Refuses a piece that is longer than a token can be, before any work.
fn check_length(piece: &str) -> Result<(), CompileError> {
    if piece.len() > MAX_TOKEN_BYTES {
        return Err(CompileError::Token { token: piece.to_owned() });
    }
    Ok(())
}

fn unigram(file: UnigramModel) -> Result<(Definition, ModelIds, usize), CompileError> {
    if file.byte_fallback {
        return Err(wrong(MODEL, "Unigram", "byte_fallback is not supported"));
    }
    let unk = file.unk_id.ok_or_else(|| wrong(MODEL, "Unigram", "unk_id is missing"))?;
    if unk as usize >= file.vocab.len() {
        return Err(wrong(MODEL, "Unigram", "unk_id is not in the vocabulary"));
    }
    file.vocab.iter().try_for_each(|(piece, _)| check_length(piece))?;
    if file.vocab.iter().any(|(_, score)| !score.is_finite()) {
        return Err(wrong(MODEL, "Unigram", "a score is not finite"));
    }
    let lowest = file.vocab.iter().map(|&(_, score)| score).fold(f64::INFINITY, f64::min);
    let size = file.vocab.len();
    let scores = file.vocab.iter().map(|&(_, score)| score).collect();
    let pieces: Vec<(String, u32)> = file.vocab.into_iter().zip(0..).map(|((piece, _), id)| (piece, id)).collect();
    let definition =
        Definition { scores, unk_score: lowest - UNK_PENALTY, ..Definition::new(model::UNIGRAM, pieces, unk) };
    let ids = definition.pieces.iter().cloned().collect();
    Ok((definition, ids, size))
}

fn word_piece(file: WordPieceModel) -> Result<(Definition, ModelIds, usize), CompileError> {
    let unk =
        *file.vocab.get(&file.unk_token).ok_or_else(|| CompileError::MissingToken { token: file.unk_token.clone() })?;
    file.vocab.keys().try_for_each(|piece| check_length(piece))?;
    let size = file.vocab.len();
    let definition = Definition {
        max_word: file.max_input_chars_per_word,
        prefix: file.continuing_subword_prefix,
        ..Definition::new(model::WORD_PIECE, file.vocab.into_iter().collect(), unk)
    };
    let ids = definition.pieces.iter().cloned().collect();
    Ok((definition, ids, size))
}
