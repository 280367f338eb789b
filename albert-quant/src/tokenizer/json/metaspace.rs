//! Pre-tokenizers and decoders: a Metaspace is both.

use albert_core::tokenizer::section::prepend;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::CompileError;
use super::super::definition::Decoder;
use super::super::normalizer::PreTokenizer;
use super::component::{fields, flatten, kind, unsupported, wrong};

const PRE_TOKENIZER: &str = "pre_tokenizer";
const DECODER: &str = "decoder";

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

pub(super) fn read_pre_tokenizer(value: Option<&RawValue>, out: &mut Vec<PreTokenizer>) -> Result<(), CompileError> {
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
struct WordPieceDecoder {
    prefix: String,
    cleanup: bool,
}

pub(super) fn read_decoder(value: Option<&RawValue>, prefix: &str) -> Result<Decoder, CompileError> {
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
