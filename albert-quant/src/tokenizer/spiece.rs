//! `spiece.model`: SentencePiece, and the original ALBERT tokenizer around it.

use std::collections::HashMap;

use albert_core::tokenizer::section::{MAX_TOKEN_BYTES, model, prepend, sentence_piece};
use albert_core::tokenizer::{EncodeOptions, Tokenizer, memory_bytes};
use unicode_categories::UnicodeCategories;

use super::charsmap::Charsmap;
use super::definition::{AddedToken, Config, Decoder, Definition, TokenName};
use super::normalizer::{Normalizer, PreTokenizer};
use super::{CompileError, aligned, vocab, write};

/// Score below the lowest that unknown characters have.
const UNK_PENALTY: f32 = 10.0;
const BLANK: char = '\u{2581}';
/// Most ways to write added tokens.
const MAX_VARIANTS: usize = 1 << 16;

/// Types of pieces.
pub(super) mod kind {
    pub(in super::super) const NORMAL: u64 = 1;
    pub(in super::super) const UNKNOWN: u64 = 2;
    pub(in super::super) const CONTROL: u64 = 3;
    pub(in super::super) const USER_DEFINED: u64 = 4;
    pub(in super::super) const BYTE: u64 = 6;
}

pub(super) fn damaged(reason: &str) -> CompileError {
    CompileError::SentencePiece { reason: reason.to_owned() }
}

/// A field of a protobuf message.
enum Field<'b> {
    Number(u64),
    Bytes(&'b [u8]),
    Single(f32),
}

/// The fields of a protobuf message, by wire type.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Result<(u64, Field<'_>), CompileError>> {
    std::iter::from_fn(move || (!bytes.is_empty()).then(|| field(&mut bytes))).scan(false, |failed, field| {
        let ended = std::mem::replace(failed, field.is_err());
        (!ended).then_some(field)
    })
}

fn field<'b>(bytes: &mut &'b [u8]) -> Result<(u64, Field<'b>), CompileError> {
    let cut = || damaged("the file is cut off");
    let key = varint(bytes).ok_or_else(cut)?;
    let value = match key & 7 {
        0 => Field::Number(varint(bytes).ok_or_else(cut)?),
        1 => {
            bytes.split_off(..8).ok_or_else(cut)?;
            Field::Bytes(&[])
        }
        2 => {
            let length = usize::try_from(varint(bytes).ok_or_else(cut)?).map_err(|_| cut())?;
            Field::Bytes(bytes.split_off(..length).ok_or_else(cut)?)
        }
        5 => {
            let four = bytes.split_off(..4).and_then(|four| four.first_chunk::<4>()).ok_or_else(cut)?;
            Field::Single(f32::from_le_bytes(*four))
        }
        _ => return Err(damaged("it is not a SentencePiece model")),
    };
    Ok((key >> 3, value))
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

pub(super) struct Piece {
    pub(super) text: String,
    pub(super) score: f32,
    pub(super) kind: u64,
}

pub(super) struct Model {
    pub(super) pieces: Vec<Piece>,
    pub(super) charsmap: Charsmap,
    dummy_prefix: bool,
    remove_extra_blanks: bool,
    escape_blanks: bool,
}

pub(super) fn read(bytes: &[u8]) -> Result<Model, CompileError> {
    let mut model = Model {
        pieces: Vec::new(),
        charsmap: Charsmap::default(),
        dummy_prefix: true,
        remove_extra_blanks: true,
        escape_blanks: true,
    };
    for field in fields(bytes) {
        match field? {
            (1, Field::Bytes(message)) => model.pieces.push(read_piece(message)?),
            (2, Field::Bytes(message)) => check_trainer(message)?,
            (3, Field::Bytes(message)) => {
                for field in fields(message) {
                    match field? {
                        (2, Field::Bytes(blob)) => model.charsmap = Charsmap::parse(blob)?,
                        (3, Field::Number(value)) => model.dummy_prefix = value != 0,
                        (4, Field::Number(value)) => model.remove_extra_blanks = value != 0,
                        (5, Field::Number(value)) => model.escape_blanks = value != 0,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if model.pieces.is_empty() {
        return Err(damaged("it has no pieces"));
    }
    Ok(model)
}

fn read_piece(message: &[u8]) -> Result<Piece, CompileError> {
    let mut piece = Piece { text: String::new(), score: 0.0, kind: kind::NORMAL };
    for field in fields(message) {
        match field? {
            (1, Field::Bytes(text)) => {
                if text.len() > MAX_TOKEN_BYTES {
                    return Err(damaged("a piece is longer than 255 bytes"));
                }
                piece.text = String::from_utf8(text.to_vec()).map_err(|_| damaged("a piece is not UTF-8"))?;
            }
            (2, Field::Single(score)) if score.is_finite() => piece.score = score,
            (2, Field::Single(_)) => return Err(damaged("a score is not finite")),
            (3, Field::Number(kind)) => piece.kind = kind,
            _ => {}
        }
    }
    Ok(piece)
}

fn check_trainer(message: &[u8]) -> Result<(), CompileError> {
    for field in fields(message) {
        match field? {
            (3, Field::Number(kind)) if kind != 1 => return Err(damaged("it is not a unigram model")),
            (24, Field::Number(suffix)) if suffix != 0 => return Err(damaged("blanks as suffixes are not supported")),
            (35, Field::Number(fallback)) if fallback != 0 => return Err(damaged("byte fallback is not supported")),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn parse(bytes: &[u8], config: &Config) -> Result<Definition, CompileError> {
    let model = read(bytes)?;
    if model.pieces.iter().any(|piece| piece.kind == kind::BYTE) {
        return Err(damaged("byte fallback is not supported"));
    }
    let unk = model.pieces.iter().position(|piece| piece.kind == kind::UNKNOWN);
    let unk = unk.ok_or_else(|| damaged("it has no unknown piece"))? as u32;
    let normal = || model.pieces.iter().filter(|piece| piece.kind == kind::NORMAL).map(|piece| piece.score);
    let lowest = normal().fold(f32::MAX, f32::min);
    let scores = model.pieces.iter().map(|piece| match piece.kind {
        // What SentencePiece 0.2.3 gives them, whatever the file says.
        kind::USER_DEFINED => f64::from(0.1 * piece.text.len().saturating_sub(1) as f32),
        _ => f64::from(piece.score),
    });
    let matched: Vec<(String, u32)> = model
        .pieces
        .iter()
        .zip(0..)
        .filter(|(piece, _)| matches!(piece.kind, kind::NORMAL | kind::USER_DEFINED))
        .map(|(piece, id)| (piece.text.clone(), id))
        .collect();
    // An unknown blank would be one piece with the unknown text around it.
    let word_by_word = model.escape_blanks
        && matched.iter().any(|(piece, _)| piece.chars().eq([BLANK]))
        && matched.iter().all(|(piece, _)| !piece.chars().skip(1).any(|code| code == BLANK));
    let all_ids: HashMap<String, u32> =
        model.pieces.iter().zip(0..).map(|(piece, id)| (piece.text.clone(), id)).collect();
    let symbols = model.pieces.iter().filter(|piece| piece.kind == kind::USER_DEFINED).map(|piece| piece.text.clone());
    let lowercase = config.do_lower_case.unwrap_or(true);
    let mut definition = Definition {
        scores: scores.collect(),
        unk_score: f64::from(lowest - UNK_PENALTY),
        tokens: (0..).zip(&model.pieces).map(|(id, piece)| (id, piece.text.clone())).collect(),
        added: special_tokens(config, lowercase)?,
        normalizers: normalizers(config, lowercase),
        steps: vec![PreTokenizer::Metaspace { blank: BLANK, prepend: prepend::NEVER, split: word_by_word }],
        decoder: Decoder::SentencePiece,
        ..Definition::new(model::SENTENCE_PIECE, matched, unk)
    };
    let bits = [
        (model.dummy_prefix, sentence_piece::DUMMY_PREFIX),
        (model.remove_extra_blanks, sentence_piece::REMOVE_EXTRA_BLANKS),
        (model.escape_blanks, sentence_piece::ESCAPE_BLANKS),
    ];
    definition.normalizers.push(Normalizer::SentencePiece {
        symbols: symbols.collect(),
        bits: bits.iter().map(|&(given, bit)| if given { bit } else { 0 }).sum(),
        charsmap: model.charsmap,
    });
    definition.number_added_tokens(&all_ids, model.pieces.len());
    config.check_ids(&definition)?;
    vocab::finish(&mut definition, config, &all_ids);
    Ok(definition)
}

/// What the tokenizer does to text before SentencePiece sees it.
fn normalizers(config: &Config, lowercase: bool) -> Vec<Normalizer> {
    let mut normalizers = Vec::new();
    if lowercase {
        normalizers.push(Normalizer::Lowercase);
    }
    if config.remove_space.unwrap_or(true) {
        normalizers.push(Normalizer::PythonBlanks);
    }
    for pattern in ["``", "''"] {
        normalizers.push(Normalizer::Replace { pattern: pattern.to_owned(), content: "\"".to_owned() });
    }
    if !config.keep_accents.unwrap_or(false) {
        normalizers.push(Normalizer::PythonAccents);
    }
    if lowercase {
        normalizers.push(Normalizer::Lowercase);
    }
    normalizers
}

/// The special and other added tokens. Text is lower-cased before they are looked for, so those in lower case match any
/// casing; that is all the normalization that they see.
fn special_tokens(config: &Config, lowercase: bool) -> Result<Vec<AddedToken>, CompileError> {
    let name = |name: &Option<TokenName>, usual: &str| name.as_ref().map_or(usual, TokenName::content).to_owned();
    let mask = name(&config.mask_token, "[MASK]");
    let contents = [
        name(&config.pad_token, "<pad>"),
        name(&config.unk_token, "<unk>"),
        name(&config.cls_token, "[CLS]"),
        name(&config.sep_token, "[SEP]"),
        mask.clone(),
    ];
    let roles = contents.into_iter().map(|content| {
        let lstrip = content == mask;
        AddedToken::special(content, lstrip)
    });
    let mut variants = 0;
    let matched = |token: AddedToken| {
        let casings = if lowercase { casings(&token.content) } else { Vec::new() };
        variants += casings.len();
        let fits = variants <= MAX_VARIANTS;
        let token = AddedToken { variants: casings, normalized: false, ..token };
        if fits { Ok(token) } else { Err(CompileError::TooLarge { what: "list of added tokens" }) }
    };
    config.added_tokens(roles).into_iter().map(matched).collect()
}

/// Every way to write a short text in lower case with ASCII capitals.
fn casings(content: &str) -> Vec<String> {
    let letters = content.bytes().filter(u8::is_ascii_lowercase).count();
    if content.to_lowercase() != content || letters == 0 || letters > 8 {
        return Vec::new();
    }
    let casing = |mask: u32| {
        let mut letter = 0;
        let change = |code: char| {
            let index = letter;
            letter += u32::from(code.is_ascii_lowercase());
            if code.is_ascii_lowercase() && mask >> index & 1 == 1 { code.to_ascii_uppercase() } else { code }
        };
        content.chars().map(change).collect()
    };
    (1..1 << letters).map(casing).collect()
}

/// What is encoded again of a piece that ends in a digit and a comma.
pub(super) fn digit_comma_body(piece: &str) -> String {
    piece.strip_suffix(',').unwrap_or(piece).replace(BLANK, "")
}

/// Works out what the tokenizer makes of every piece that ends in a digit and a comma: the piece without the comma is
/// encoded again, as a text of its own, and the comma follows.
pub(super) fn add_digit_comma_rule(definition: &mut Definition) -> Result<(), CompileError> {
    let pieces: Vec<(String, u32)> =
        definition.pieces.iter().filter(|(piece, _)| ends_in_digit_comma(piece)).cloned().collect();
    if pieces.is_empty() {
        return Ok(());
    }
    let compiled = write::write(definition)?;
    let words = aligned(&compiled.bytes);
    let tokenizer = Tokenizer::parse(bytemuck::cast_slice(&words)).map_err(CompileError::Section)?;
    let ids: HashMap<&str, u32> = definition.tokens.iter().map(|(&id, token)| (token.as_str(), id)).collect();
    let id = |token: &str| ids.get(token).copied().unwrap_or(definition.unk);
    let options = EncodeOptions { add_special_tokens: false, surfaces: true, ..EncodeOptions::default() };
    // The longest piece, and a token for each of its bytes.
    let longest = tokenizer.expansion().characters(MAX_TOKEN_BYTES);
    let mut memory = vec![0; 2 * memory_bytes(longest, longest)];
    let mut rule = Vec::new();
    for (piece, piece_id) in pieces {
        let body = digit_comma_body(&piece);
        let encoding = tokenizer.encode(&body, None, &options, &mut memory).map_err(CompileError::Encode)?;
        let mut parts = Vec::new();
        for (index, &part_id) in encoding.ids().iter().enumerate() {
            let token = encoding.token(&tokenizer, index).unwrap_or_default();
            let count = token.chars().count() as u32;
            match token.strip_prefix(BLANK) {
                Some("") if index == 0 && !piece.starts_with(BLANK) => {}
                Some(rest) if index == 0 && !piece.starts_with(BLANK) => parts.push((id(rest), count - 1)),
                _ => parts.push((part_id, count)),
            }
        }
        parts.push((id(","), 1));
        rule.push((piece_id, parts));
    }
    definition.digit_comma = rule.into_iter().collect();
    Ok(())
}

/// Python's `isdigit` is decimal digits and a few that compatibility decomposition has removed.
fn ends_in_digit_comma(piece: &str) -> bool {
    let mut codes = piece.chars().rev();
    codes.next() == Some(',') && codes.next().is_some_and(|code| code.is_number_decimal_digit())
}
