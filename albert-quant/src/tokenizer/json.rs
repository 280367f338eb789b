//! `tokenizer.json`.

use std::collections::{BTreeMap, HashMap};

use albert_core::tokenizer::section::{MAX_TEMPLATE, MAX_TOKEN_BYTES, model, prepend, template};
use base64::Engine;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::CompileError;
use super::charsmap::Charsmap;
use super::definition::{AddedToken, Config, Decoder, Definition};
use super::pipeline::{Normalizer, PreTokenizer};

const NORMALIZER: &str = "normalizer";
const PRE_TOKENIZER: &str = "pre_tokenizer";
const POST_PROCESSOR: &str = "post_processor";
const DECODER: &str = "decoder";
const MODEL: &str = "model";
/// Score below the lowest that unknown characters have.
const UNK_PENALTY: f64 = 10.0;

/// Most components of a normalizer or pre-tokenizer; checkpoints have up to ten.
const MAX_COMPONENTS: usize = 32;
/// Sequences in sequences that are followed.
const MAX_NESTING: usize = 8;

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
    let (mut definition, model_ids, model_size) = read_model(file.model)?;
    definition.added = file.added_tokens;
    definition.number_added_tokens(&model_ids, model_size);
    read_normalizer(file.normalizer, &mut definition.normalizers)?;
    read_pre_tokenizer(file.pre_tokenizer, &mut definition.steps)?;
    (definition.single, definition.pair) = read_post_processor(file.post_processor)?;
    definition.decoder = read_decoder(file.decoder, &definition.prefix)?;
    let mut ids: HashMap<&str, u32> = model_ids.iter().map(|(token, &id)| (token.as_str(), id)).collect();
    ids.extend(definition.added.iter().map(|token| (token.content.as_str(), token.id)));
    definition.roles = config.roles(&ids);
    Ok(definition)
}

/// A component's type.
fn kind(value: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Kind {
        r#type: String,
    }
    serde_json::from_str(value.get()).map_or("without type".to_owned(), |Kind { r#type }| r#type)
}

/// What an error says, without its place: it counts from the component.
fn reason(error: serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

fn unsupported(place: &'static str, component: impl Into<String>) -> CompileError {
    CompileError::Unsupported { place, component: component.into() }
}

fn wrong(place: &'static str, component: &str, reason: impl ToString) -> CompileError {
    CompileError::Component { place, component: component.to_owned(), reason: reason.to_string() }
}

/// The fields of a component.
fn fields<T: DeserializeOwned>(place: &'static str, value: &RawValue) -> Result<T, CompileError> {
    serde_json::from_str(value.get()).map_err(|error| wrong(place, &kind(value), reason(error)))
}

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

fn read_model(value: &RawValue) -> Result<(Definition, ModelIds, usize), CompileError> {
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

impl Definition {
    pub(super) fn new(model: u32, pieces: Vec<(String, u32)>, unk: u32) -> Self {
        Self {
            model,
            tokens: pieces.iter().map(|(piece, id)| (*id, piece.clone())).collect(),
            vocab_size: pieces.len(),
            pieces,
            scores: Vec::new(),
            unk,
            unk_score: 0.0,
            max_word: 0,
            prefix: String::new(),
            added: Vec::new(),
            normalizers: Vec::new(),
            steps: Vec::new(),
            single: vec![(template::FIRST, 0)],
            pair: vec![(template::FIRST, 0), (template::SECOND, 1)],
            decoder: Decoder::None,
            roles: Default::default(),
            digit_comma: BTreeMap::new(),
        }
    }
}

#[derive(Deserialize)]
enum Pattern {
    String(String),
    Regex(String),
}

#[derive(Deserialize)]
struct Replace {
    pattern: Pattern,
    content: String,
}

#[derive(Deserialize)]
struct Bert {
    clean_text: bool,
    handle_chinese_chars: bool,
    strip_accents: Option<bool>,
    lowercase: bool,
}

#[derive(Deserialize)]
struct StripEnds {
    strip_left: bool,
    strip_right: bool,
}

#[derive(Deserialize)]
struct Prepend {
    prepend: String,
}

#[derive(Deserialize)]
struct Precompiled {
    #[serde(default)]
    precompiled_charsmap: Option<String>,
}

/// The elements of a sequence, nested ones in place.
fn flatten<'v>(place: &'static str, value: Option<&'v RawValue>) -> Result<Vec<&'v RawValue>, CompileError> {
    #[derive(Deserialize)]
    struct Sequence<'v> {
        #[serde(borrow, alias = "normalizers", alias = "pretokenizers")]
        elements: Vec<&'v RawValue>,
    }
    let mut flat = Vec::new();
    let mut stack: Vec<(&RawValue, usize)> = value.map(|value| (value, 0)).into_iter().collect();
    while let Some((value, depth)) = stack.pop() {
        if value.get() == "null" {
            continue;
        }
        if kind(value) != "Sequence" {
            flat.push(value);
            continue;
        }
        if depth == MAX_NESTING {
            return Err(wrong(place, "Sequence", "sequences are nested too deeply"));
        }
        let sequence: Sequence<'v> =
            serde_json::from_str(value.get()).map_err(|error| wrong(place, "Sequence", reason(error)))?;
        stack.extend(sequence.elements.iter().rev().map(|&element| (element, depth + 1)));
    }
    if flat.len() > MAX_COMPONENTS {
        return Err(CompileError::TooLarge { what: place });
    }
    Ok(flat)
}

fn read_normalizer(value: Option<&RawValue>, out: &mut Vec<Normalizer>) -> Result<(), CompileError> {
    for value in flatten(NORMALIZER, value)? {
        out.push(match kind(value).as_str() {
            "Replace" => {
                let Replace { pattern, content } = fields(NORMALIZER, value)?;
                match pattern {
                    Pattern::String(pattern) if pattern.is_empty() => {
                        return Err(wrong(NORMALIZER, "Replace", "the pattern is empty"));
                    }
                    Pattern::String(pattern) => Normalizer::Replace { pattern, content },
                    Pattern::Regex(regex) if regex == " {2,}" => Normalizer::CollapseBlanks { content },
                    Pattern::Regex(regex) => {
                        return Err(wrong(
                            NORMALIZER,
                            "Replace",
                            format!("the regular expression {regex:?} is not supported"),
                        ));
                    }
                }
            }
            "NFC" => Normalizer::Nfc,
            "NFD" => Normalizer::Nfd,
            "NFKC" => Normalizer::Nfkc,
            "NFKD" => Normalizer::Nfkd,
            "StripAccents" => Normalizer::StripAccents,
            "Lowercase" => Normalizer::Lowercase,
            "Nmt" => Normalizer::Nmt,
            "Precompiled" => {
                let Precompiled { precompiled_charsmap } = fields(NORMALIZER, value)?;
                let blob = base64::engine::general_purpose::STANDARD
                    .decode(precompiled_charsmap.unwrap_or_default())
                    .map_err(|error| wrong(NORMALIZER, "Precompiled", error))?;
                Normalizer::Precompiled(Charsmap::parse(&blob)?)
            }
            "Strip" => {
                let StripEnds { strip_left, strip_right } = fields(NORMALIZER, value)?;
                Normalizer::Strip { left: strip_left, right: strip_right }
            }
            "Prepend" => {
                let Prepend { prepend } = fields(NORMALIZER, value)?;
                if prepend.is_empty() {
                    return Err(wrong(NORMALIZER, "Prepend", "the text is empty"));
                }
                Normalizer::Prepend(prepend)
            }
            "BertNormalizer" => {
                let Bert { clean_text, handle_chinese_chars, strip_accents, lowercase } = fields(NORMALIZER, value)?;
                let strip_accents = strip_accents.unwrap_or(lowercase);
                Normalizer::Bert { clean_text, handle_chinese_chars, strip_accents, lowercase }
            }
            kind => return Err(unsupported(NORMALIZER, kind)),
        });
    }
    Ok(())
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum PrependScheme {
    First,
    Never,
    Always,
}

#[derive(Deserialize)]
struct Metaspace {
    replacement: char,
    add_prefix_space: Option<bool>,
    prepend_scheme: Option<PrependScheme>,
    split: Option<bool>,
}

impl Metaspace {
    fn scheme(&self, place: &'static str) -> Result<PrependScheme, CompileError> {
        let scheme = self.prepend_scheme.unwrap_or(PrependScheme::Always);
        match self.add_prefix_space {
            Some(false) if self.prepend_scheme.is_none() || scheme == PrependScheme::Never => Ok(PrependScheme::Never),
            Some(false) => Err(wrong(place, "Metaspace", "add_prefix_space does not match prepend_scheme")),
            _ => Ok(scheme),
        }
    }
}

fn read_pre_tokenizer(value: Option<&RawValue>, out: &mut Vec<PreTokenizer>) -> Result<(), CompileError> {
    for value in flatten(PRE_TOKENIZER, value)? {
        match kind(value).as_str() {
            "WhitespaceSplit" => out.push(PreTokenizer::Whitespace),
            "BertPreTokenizer" => out.extend([PreTokenizer::Whitespace, PreTokenizer::Punctuation]),
            "Metaspace" => {
                let metaspace: Metaspace = fields(PRE_TOKENIZER, value)?;
                let prepend = match metaspace.scheme(PRE_TOKENIZER)? {
                    PrependScheme::Always => prepend::ALWAYS,
                    PrependScheme::First => prepend::FIRST,
                    PrependScheme::Never => prepend::NEVER,
                };
                let split = metaspace.split.unwrap_or(true);
                out.push(PreTokenizer::Metaspace { blank: metaspace.replacement, prepend, split });
            }
            kind => return Err(unsupported(PRE_TOKENIZER, kind)),
        }
    }
    Ok(())
}

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

fn read_post_processor(value: Option<&RawValue>) -> Result<(TemplateEntries, TemplateEntries), CompileError> {
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
pub(super) fn bert_templates(cls: u32, sep: u32) -> (TemplateEntries, TemplateEntries) {
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

#[derive(Deserialize)]
struct WordPieceDecoder {
    prefix: String,
    cleanup: bool,
}

fn read_decoder(value: Option<&RawValue>, prefix: &str) -> Result<Decoder, CompileError> {
    let Some(value) = value else { return Ok(Decoder::None) };
    match kind(value).as_str() {
        "Metaspace" => {
            let metaspace: Metaspace = fields(DECODER, value)?;
            let drop_first = metaspace.scheme(DECODER)? != PrependScheme::Never;
            Ok(Decoder::Metaspace { blank: metaspace.replacement, drop_first })
        }
        "WordPiece" => {
            let decoder: WordPieceDecoder = fields(DECODER, value)?;
            if decoder.prefix != prefix {
                return Err(wrong(DECODER, "WordPiece", "the prefix is not the model's"));
            }
            Ok(Decoder::WordPiece { clean_up: decoder.cleanup })
        }
        kind => Err(unsupported(DECODER, kind)),
    }
}
