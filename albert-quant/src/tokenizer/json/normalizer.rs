//! Normalizers.

use base64::Engine;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::CompileError;
use super::super::charsmap::Charsmap;
use super::super::normalizer::Normalizer;
use super::component::{fields, flatten, kind, unsupported, wrong};

const NORMALIZER: &str = "normalizer";

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

pub(super) fn read(value: Option<&RawValue>, out: &mut Vec<Normalizer>) -> Result<(), CompileError> {
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
