//! The tokenizer compiler: a checkpoint's tokenizer files to the `TOKN` section of a model file.
//!
//! Four kinds of files are understood; [`compile_directory`] takes the first that is there:
//! - `tokenizer.json`: what the `tokenizers` library does with it, as it stands;
//! - `spiece.model`: what SentencePiece and the original ALBERT tokenizer around it do, or what transformers converts it to;
//! - `sentencepiece.bpe.model`: what transformers converts XLM-RoBERTa's to;
//! - `vocab.txt`: what `BertTokenizer` does.
//!
//! `tokenizer_config.json` gives the roles of tokens and `model_max_length`; for the second and third kind also casing,
//! accents and added tokens. `special_tokens_map.json` and `added_tokens.json` complete it in older checkpoints.

mod charsmap;
mod choices;
mod code_points;
mod converted;
mod definition;
mod error;
mod json;
mod lower;
mod normalizer;
mod note;
mod prune;
mod settings;
mod shortcuts;
mod spiece;
mod spiece_kind;
mod trie;
mod unicode;
mod vocab;
mod vocabulary;
mod write;

use std::fs;
use std::path::Path;

pub use choices::Choices;
pub use error::CompileError;
pub use note::Note;
pub use prune::{Coverage, Vocabulary, VocabularyReport};
pub use spiece_kind::{SpieceKind, UnknownSpieceKind};
pub use vocabulary::{VocabularyFile, vocabulary};

use albert_core::tokenizer::{Tokenizer, memory_bytes};
use definition::{Config, Definition};

const TOKENIZER_JSON: &str = "tokenizer.json";
const SPIECE: &str = "spiece.model";
const VOCAB: &str = "vocab.txt";
/// XLM-RoBERTa's file, which is a Unigram model in spite of its name.
const XLM_SPIECE: &str = "sentencepiece.bpe.model";
/// Files that a tokenizer can be compiled from, best first.
pub(crate) const FILES: [&str; 4] = [TOKENIZER_JSON, SPIECE, XLM_SPIECE, VOCAB];

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
    /// What a user should know.
    pub notes: Vec<Note>,
}

/// Compiles the tokenizer of a checkpoint directory.
pub fn compile_directory(directory: &Path, choices: &Choices) -> Result<CompiledTokenizer, CompileError> {
    Source::read(directory, choices)?.compile()
}

/// A checkpoint's tokenizer, read and not compiled yet.
pub(crate) struct Source {
    definition: Definition,
    bytes: u64,
    notes: Vec<Note>,
}

impl Source {
    /// Reads the tokenizer of a directory, or of the one that is chosen instead.
    pub(crate) fn read(directory: &Path, choices: &Choices) -> Result<Self, CompileError> {
        let directory = choices.directory.as_deref().unwrap_or(directory);
        let read = |name: &str| {
            let path = directory.join(name);
            match fs::read(&path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(CompileError::Read { path, source }),
            }
        };
        let (special, added) = (read(settings::SPECIAL_TOKENS)?, read(settings::ADDED_TOKENS)?);
        let config = settings::merged(read(settings::CONFIG)?, special.as_deref(), added.as_deref())?;
        let has_config = config.is_some();
        let mut config = Config::parse(config.as_deref())?;
        let word_piece = config.class().is_some_and(|class| class.starts_with("Bert"));
        // A directory may hold files of several tokenizers: the class says which is its own.
        let names =
            [TOKENIZER_JSON, if word_piece { VOCAB } else { SPIECE }, SPIECE, ORIGINAL_SPIECE, XLM_SPIECE, VOCAB];
        let found = names.iter().find_map(|&name| read(name).map(|bytes| Some((name, bytes?))).transpose());
        let Some((name, bytes)) = found.transpose()? else {
            let bpe = read("merges.txt")?.is_some();
            return Err(if bpe { CompileError::Bpe } else { CompileError::NoTokenizer { path: directory.to_owned() } });
        };
        let file = if name == ORIGINAL_SPIECE { SPIECE } else { name };
        config.check_class(file)?;
        choices.check(file)?;
        let mut notes = Vec::new();
        let overridden = choices.cased || choices.keep_accents;
        if file != TOKENIZER_JSON && file != XLM_SPIECE && !has_config && !overridden {
            notes.push(Note::NoConfig);
        }
        choices.apply(&mut config);
        let kind = choices.kind.unwrap_or_default();
        let definition = match file {
            TOKENIZER_JSON => {
                let definition = json::parse(&bytes, &config)?;
                notes.extend(definition.note(&config));
                definition
            }
            XLM_SPIECE => converted::xlm_roberta(&bytes, &config)?,
            SPIECE => {
                notes.push(Note::BareSpiece(kind));
                spiece_definition(&bytes, &config, kind)?
            }
            _ => vocab::parse(&bytes, &config)?,
        };
        Ok(Self { definition, bytes: bytes.len() as u64, notes })
    }

    /// The section.
    pub(crate) fn compile(&self) -> Result<CompiledTokenizer, CompileError> {
        let compiled = compile(&mut self.definition.clone(), 0)?;
        Ok(CompiledTokenizer { source_bytes: self.bytes, notes: self.notes.clone(), ..compiled })
    }

    /// The same with fewer pieces; the former id of each id.
    pub(crate) fn prune(self, wanted: &Vocabulary<'_>) -> Result<(Self, Vec<u32>, VocabularyReport), CompileError> {
        let prune::Pruned { definition, ids, report } = prune::prune(self.definition, wanted)?;
        Ok((Self { definition, ..self }, ids, report))
    }
}

fn spiece_definition(model: &[u8], config: &Config, kind: SpieceKind) -> Result<Definition, CompileError> {
    match kind {
        SpieceKind::Converted => converted::albert(model, config),
        SpieceKind::SentencePiece => {
            let mut definition = spiece::parse(model, config)?;
            spiece::add_digit_comma_rule(&mut definition)?;
            Ok(definition)
        }
    }
}

/// Compiles a `tokenizer.json`. Its truncation and padding blocks are left to the caller of the tokenizer.
pub fn compile_json(json: &[u8], config: Option<&[u8]>) -> Result<CompiledTokenizer, CompileError> {
    compile(&mut json::parse(json, &Config::parse(config)?)?, json.len())
}

/// Compiles a bare `spiece.model`.
pub fn compile_spiece(
    model: &[u8],
    config: Option<&[u8]>,
    kind: SpieceKind,
) -> Result<CompiledTokenizer, CompileError> {
    compile(&mut spiece_definition(model, &Config::parse(config)?, kind)?, model.len())
}

/// Compiles a bare `vocab.txt`.
pub fn compile_vocab(vocab: &[u8], config: Option<&[u8]>) -> Result<CompiledTokenizer, CompileError> {
    compile(&mut vocab::parse(vocab, &Config::parse(config)?)?, vocab.len())
}

/// Compiles with a part of the vocabulary; the former id of each id, and what was kept.
pub fn compile_pruned(
    directory: &Path,
    choices: &Choices,
    wanted: &Vocabulary<'_>,
) -> Result<(CompiledTokenizer, Vec<u32>, VocabularyReport), CompileError> {
    let (source, ids, report) = Source::read(directory, choices)?.prune(wanted)?;
    Ok((source.compile()?, ids, report))
}

fn compile(definition: &mut Definition, source_bytes: usize) -> Result<CompiledTokenizer, CompileError> {
    // Added tokens that are matched in normalized text are normalized themselves, by the tokenizer without them.
    if definition.added.iter().any(|token| token.normalized) {
        let added = std::mem::take(&mut definition.added);
        let bare = write::write(definition);
        definition.added = added;
        let words = aligned(&bare?.bytes);
        let tokenizer = Tokenizer::parse(bytemuck::cast_slice(&words)).map_err(CompileError::Section)?;
        for token in definition.added.iter().filter(|token| token.normalized) {
            definition.tokens.insert(token.id, normalize(&tokenizer, &token.content)?);
        }
    }
    Ok(CompiledTokenizer { source_bytes: source_bytes as u64, ..write::write(definition)? })
}

/// A section's bytes at an aligned address.
pub(crate) fn aligned(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks(8).map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))).collect()
}

fn normalize(tokenizer: &Tokenizer<'_>, text: &str) -> Result<String, CompileError> {
    let mut memory = vec![0; memory_bytes(0, tokenizer.expansion().characters(text.chars().count().max(8)))];
    let normalized = tokenizer.normalize(text, &mut memory).map_err(CompileError::Encode)?;
    Ok(normalized.to_owned())
}
