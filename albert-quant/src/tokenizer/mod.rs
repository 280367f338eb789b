//! The tokenizer compiler: a checkpoint's tokenizer files to the `TOKN` section of a model file.
//!
//! Three kinds of files are understood; [`compile_directory`] takes the first that is there:
//! - `tokenizer.json`: what the `tokenizers` library does with it, as it stands;
//! - `spiece.model`: what SentencePiece and the original ALBERT tokenizer around it do;
//! - `vocab.txt`: what `BertTokenizer` does.
//!
//! `tokenizer_config.json` gives the roles of tokens and `model_max_length`; for the second and third kind also casing,
//! accents and added tokens. `special_tokens_map.json` and `added_tokens.json` complete it in older checkpoints.

mod charsmap;
mod code_points;
mod definition;
mod error;
mod json;
mod pipeline;
mod settings;
mod spiece;
mod trie;
mod unicode;
mod vocab;
mod vocabulary;
mod write;

use std::fs;
use std::path::Path;

pub use error::CompileError;
pub use vocabulary::{VocabularyFile, vocabulary};

use albert_core::tokenizer::Tokenizer;
use definition::Definition;

/// Files that a tokenizer can be compiled from, best first.
pub(crate) const FILES: [&str; 3] = ["tokenizer.json", "spiece.model", "vocab.txt"];

/// What the original release calls its `spiece.model`.
const ORIGINAL_SPIECE: &str = "30k-clean.model";

/// A compiled tokenizer.
#[derive(Clone, Debug)]
pub struct CompiledTokenizer {
    /// The bytes of the section. They must lie at a multiple of 8.
    pub bytes: Vec<u8>,
    /// Bytes by kind of table, in file order.
    pub sizes: Vec<(&'static str, usize)>,
    /// Bytes of the file that it was compiled from.
    pub source_bytes: u64,
}

/// Compiles the tokenizer of a checkpoint directory.
pub fn compile_directory(directory: &Path) -> Result<CompiledTokenizer, CompileError> {
    let read = |name: &str| {
        let path = directory.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CompileError::Read { path, source }),
        }
    };
    let first = |names: &[&str]| names.iter().find_map(|name| read(name).transpose()).transpose();
    let (special, added) = (read(settings::SPECIAL_TOKENS)?, read(settings::ADDED_TOKENS)?);
    let config = settings::merged(read(settings::CONFIG)?, special.as_deref(), added.as_deref())?;
    let config = config.as_deref();
    if let Some(json) = read("tokenizer.json")? {
        compile_json(&json, config)
    } else if let Some(model) = first(&["spiece.model", ORIGINAL_SPIECE])? {
        compile_spiece(&model, config)
    } else if let Some(vocab) = read("vocab.txt")? {
        compile_vocab(&vocab, config)
    } else {
        Err(CompileError::NoTokenizer { path: directory.to_owned() })
    }
}

/// Compiles a `tokenizer.json`. Its truncation and padding blocks are left to the caller of the tokenizer.
pub fn compile_json(json: &[u8], config: Option<&[u8]>) -> Result<CompiledTokenizer, CompileError> {
    compile(json::parse(json, config)?, json.len())
}

/// Compiles a bare `spiece.model`.
pub fn compile_spiece(model: &[u8], config: Option<&[u8]>) -> Result<CompiledTokenizer, CompileError> {
    let mut definition = spiece::parse(model, config)?;
    spiece::add_digit_comma_rule(&mut definition)?;
    compile(definition, model.len())
}

/// Compiles a bare `vocab.txt`.
pub fn compile_vocab(vocab: &[u8], config: Option<&[u8]>) -> Result<CompiledTokenizer, CompileError> {
    compile(vocab::parse(vocab, config)?, vocab.len())
}

fn compile(mut definition: Definition, source_bytes: usize) -> Result<CompiledTokenizer, CompileError> {
    // Added tokens that are matched in normalized text are normalized themselves, by the tokenizer without them.
    if definition.added.iter().any(|token| token.normalized) {
        let added = std::mem::take(&mut definition.added);
        let bare = write::write(&definition)?;
        definition.added = added;
        for token in definition.added.iter().filter(|token| token.normalized) {
            definition.tokens.insert(token.id, normalize(&bare, &token.content)?);
        }
    }
    Ok(CompiledTokenizer { source_bytes: source_bytes as u64, ..write::write(&definition)? })
}

/// A section's bytes at an aligned address.
fn aligned(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks(8).map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))).collect()
}

fn normalize(compiled: &CompiledTokenizer, text: &str) -> Result<String, CompileError> {
    let words = aligned(&compiled.bytes);
    let tokenizer = Tokenizer::parse(bytemuck::cast_slice(&words)).map_err(CompileError::Section)?;
    let mut memory = vec![0; 4096 + 2048 * text.len()];
    let normalized = tokenizer.normalize(text, &mut memory).map_err(CompileError::Encode)?;
    Ok(normalized.to_owned())
}
