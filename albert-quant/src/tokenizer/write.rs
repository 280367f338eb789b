//! The bytes of the section.

use std::collections::{BTreeMap, BTreeSet};

use albert_core::tokenizer::section::{
    self, HEADER_WORDS, MAX_EXPANSION, MAX_EXPANSION_EXTRA, MAX_IDS, MAX_OPS, MAX_TOKEN_BYTES, NONE, OP_WORDS,
    PART_ALIGNMENT, added, decoder, flag, header, part, role, step, trie as units,
};
use albert_core::tokenizer::{Expansion, TableError, Tokenizer};

use super::code_points::{Map, Pool, table};
use super::definition::{AddedToken, Decoder, Definition};
use super::lower::{Lowered, lower};
use super::normalizer::PreTokenizer;
use super::shortcuts::shortcuts;
use super::{CompileError, CompiledTokenizer, aligned, charsmap::Charsmap, trie, unicode};

struct Section {
    header: [u32; HEADER_WORDS],
    parts: Vec<(&'static str, Vec<u8>)>,
}

impl Section {
    fn set(&mut self, index: usize, name: &'static str, bytes: Vec<u8>) {
        self.parts[index] = (name, bytes);
    }

    /// Appends a part; its index.
    fn add(&mut self, name: &'static str, bytes: Vec<u8>) -> u32 {
        self.parts.push((name, bytes));
        self.parts.len() as u32 - 1
    }

    fn finish(mut self) -> Result<CompiledTokenizer, CompileError> {
        if self.parts.len() > section::MAX_PARTS {
            return Err(CompileError::TooLarge { what: "normalizer" });
        }
        self.header[header::VERSION] = section::VERSION;
        self.header[header::PARTS] = self.parts.len() as u32;
        let mut words = self.header.to_vec();
        let mut offset = (HEADER_WORDS + 2 * self.parts.len()) * 4;
        let mut sizes = vec![("header", offset)];
        let mut body = Vec::new();
        for (name, bytes) in self.parts {
            let padding = offset.next_multiple_of(PART_ALIGNMENT) - offset;
            body.resize(body.len() + padding, 0);
            offset += padding;
            words.extend([u32::try_from(offset), u32::try_from(bytes.len())].map(|word| word.unwrap_or(u32::MAX)));
            offset += bytes.len();
            if offset > u32::MAX as usize {
                return Err(CompileError::TooLarge { what: "tokenizer" });
            }
            match sizes.iter_mut().find(|(known, _)| *known == name) {
                Some((_, size)) => *size += bytes.len(),
                None if !bytes.is_empty() => sizes.push((name, bytes.len())),
                None => {}
            }
            body.extend(bytes);
        }
        // The reader takes the section as words.
        body.resize(body.len() + offset.next_multiple_of(PART_ALIGNMENT) - offset, 0);
        let mut bytes = u32_bytes(&words);
        bytes.extend(body);
        Ok(CompiledTokenizer { bytes, sizes, source_bytes: 0, notes: Vec::new() })
    }
}

fn u32_bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn u16_bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

pub(super) fn write(definition: &Definition) -> Result<CompiledTokenizer, CompileError> {
    let mut section =
        Section { header: [0; HEADER_WORDS], parts: (0..part::COUNT).map(|_| ("", Vec::new())).collect() };
    let (ops, reach) = lower(&definition.normalizers)?;
    write_model(definition, &mut section)?;
    write_tokens(definition, &mut section)?;
    write_added(definition, &mut section)?;
    let (blank, decoder_code, decoder_flags) = match definition.decoder {
        Decoder::None => ('\u{2581}', decoder::NONE, 0),
        Decoder::Metaspace { blank, drop_first } => {
            (blank, decoder::METASPACE, if drop_first { flag::DROP_FIRST_BLANK } else { 0 })
        }
        Decoder::WordPiece { clean_up } => ('\u{2581}', decoder::WORD_PIECE, if clean_up { flag::CLEAN_UP } else { 0 }),
        Decoder::SentencePiece => ('\u{2581}', decoder::SENTENCE_PIECE, 0),
    };
    section.header[header::DECODER] = decoder_code;
    section.header[header::BLANK] = u32::from(blank);
    section.header[header::FLAGS] |= decoder_flags;
    let matches_normalized = definition.added.iter().any(|token| token.normalized);
    let shortcuts = shortcuts(&ops, &definition.steps, matches_normalized, blank)?;
    for (given, bit) in [
        (shortcuts.at_blanks, flag::CUT_AT_BLANKS),
        (shortcuts.after_visible, flag::CUT_AFTER_VISIBLE),
        (shortcuts.at_ideographs, flag::CUT_AT_IDEOGRAPHS),
        (shortcuts.ascii.is_some(), flag::ASCII_WORDS),
    ] {
        section.header[header::FLAGS] |= if given { bit } else { 0 };
    }
    if let Some((table, mode)) = shortcuts.ascii {
        section.header[header::ASCII_MODE] = mode;
        section.set(part::ASCII, "ASCII table", table.to_vec());
    }
    section.set(part::TEMPLATE_SINGLE, "templates", template_bytes(&definition.single));
    section.set(part::TEMPLATE_PAIR, "templates", template_bytes(&definition.pair));
    section.set(part::PREFIX, "prefix", short(&definition.prefix)?);
    write_ops(&ops, &mut section)?;
    write_steps(&definition.steps, &reach, &mut section)?;
    write_digit_comma(definition, &mut section);
    // The most that is allowed, until the reader has worked out what there is.
    section.header[header::EXPANSION] = MAX_EXPANSION;
    section.header[header::EXPANSION_EXTRA] = MAX_EXPANSION_EXTRA;
    let mut compiled = section.finish()?;
    state_expansion(&mut compiled.bytes)?;
    Ok(compiled)
}

/// Writes into a section how much its operations can make a text grow.
fn state_expansion(bytes: &mut [u8]) -> Result<(), CompileError> {
    let words = aligned(bytes);
    let tokenizer = Tokenizer::parse(bytemuck::cast_slice(&words)).map_err(|error| match error {
        TableError::Expansion => CompileError::Expansion,
        error => CompileError::Section(error),
    })?;
    let Expansion { factor, extra } = tokenizer.expansion();
    for (word, value) in [(header::EXPANSION, factor), (header::EXPANSION_EXTRA, extra)] {
        bytes[word * 4..word * 4 + 4].copy_from_slice(&value.to_le_bytes());
    }
    Ok(())
}

fn template_bytes(entries: &[(u32, u32)]) -> Vec<u8> {
    u32_bytes(&entries.iter().flat_map(|&(code, token_type)| [code, token_type]).collect::<Vec<_>>())
}

fn write_model(definition: &Definition, section: &mut Section) -> Result<(), CompileError> {
    section.header[header::MODEL] = definition.model;
    section.header[header::MAX_WORD] = definition.max_word;
    let bits = definition.unk_score.to_bits();
    section.header[header::UNK_SCORE] = bits as u32;
    section.header[header::UNK_SCORE + 1] = (bits >> 32) as u32;
    let roles = &definition.roles;
    for (index, value) in [
        (role::UNK, Some(definition.unk)),
        (role::CLS, roles.cls),
        (role::SEP, roles.sep),
        (role::MASK, roles.mask),
        (role::PAD, roles.pad),
        (role::MODEL_MAX_LENGTH, roles.model_max_length),
    ] {
        section.header[header::ROLES + index] = value.unwrap_or(NONE);
    }
    let keys = definition.pieces.iter().filter(|(piece, _)| !piece.is_empty());
    let trie = trie::build(keys.map(|(piece, id)| (piece.as_bytes(), *id)))?;
    section.set(part::VOCAB_TRIE, "vocabulary trie", u32_bytes(&trie));
    write_scores(&definition.scores, section);
    Ok(())
}

/// Scores as f32, and what is lost by that.
fn write_scores(scores: &[f64], section: &mut Section) {
    let (mut singles, mut steps, mut exceptions) = (Vec::new(), Vec::new(), Vec::new());
    for (id, &score) in (0..).zip(scores) {
        let single = score as f32;
        singles.extend(single.to_le_bytes());
        let distance = score.to_bits().wrapping_sub(f64::from(single).to_bits()) as i64;
        match i8::try_from(distance) {
            Ok(step) if step != i8::MIN => steps.extend(step.to_le_bytes()),
            _ => {
                steps.extend(i8::MIN.to_le_bytes());
                exceptions.extend([id, score.to_bits() as u32, (score.to_bits() >> 32) as u32]);
            }
        }
    }
    if steps.iter().all(|&step| step == 0) {
        steps.clear();
    }
    section.set(part::SCORES, "scores", singles);
    section.set(part::SCORE_STEPS, "scores", steps);
    section.set(part::SCORE_EXCEPTIONS, "scores", u32_bytes(&exceptions));
}

fn write_tokens(definition: &Definition, section: &mut Section) -> Result<(), CompileError> {
    let ids = definition.tokens.last_key_value().map_or(0, |(&id, _)| id + 1);
    if ids > MAX_IDS || definition.vocab_size > ids as usize {
        return Err(CompileError::TooLarge { what: "vocabulary" });
    }
    let (mut blocks, mut lengths, mut text) = (Vec::new(), Vec::new(), Vec::new());
    for id in 0..ids {
        if id % 16 == 0 {
            blocks.push(text.len() as u32);
        }
        let token = definition.tokens.get(&id).map_or("", String::as_str);
        let length = u8::try_from(token.len()).map_err(|_| CompileError::Token { token: token.to_owned() })?;
        lengths.push(length);
        text.extend_from_slice(token.as_bytes());
    }
    section.header[header::IDS] = ids;
    section.header[header::VOCAB_SIZE] = definition.vocab_size as u32;
    section.set(part::TEXT_BLOCKS, "token texts", u32_bytes(&blocks));
    section.set(part::TEXT_LENGTHS, "token texts", lengths);
    section.set(part::TEXT, "token texts", text);
    let special: BTreeSet<u32> = definition.special_ids();
    section.set(part::SPECIAL, "added tokens", u32_bytes(&special.into_iter().collect::<Vec<_>>()));
    Ok(())
}

fn write_added(definition: &Definition, section: &mut Section) -> Result<(), CompileError> {
    let mut records = Vec::new();
    let (mut raw, mut normalized) = (Vec::new(), Vec::new());
    for (index, token) in (0..).zip(&definition.added) {
        let AddedToken { id, single_word, lstrip, rstrip, .. } = *token;
        let bits = [(lstrip, added::LSTRIP), (rstrip, added::RSTRIP), (single_word, added::SINGLE_WORD)];
        records.extend([id, bits.iter().map(|&(given, bit)| if given { bit } else { 0 }).sum()]);
        if token.content.len() > MAX_TOKEN_BYTES {
            return Err(CompileError::Token { token: token.content.clone() });
        }
        let keys = if token.normalized { &mut normalized } else { &mut raw };
        // Matched as normalized, which is how it is decoded too.
        let content =
            if token.normalized { definition.tokens.get(&id).unwrap_or(&token.content) } else { &token.content };
        keys.extend(std::iter::once(content).chain(&token.variants).map(|key| (key.as_bytes(), index)));
    }
    section.set(part::ADDED, "added tokens", u32_bytes(&records));
    section.set(part::ADDED_TRIE, "added tokens", u32_bytes(&trie::build(raw)?));
    section.set(part::NORMALIZED_TRIE, "added tokens", u32_bytes(&trie::build(normalized)?));
    if definition.added.iter().any(|token| token.single_word) {
        section.set(part::WORD_CHARACTERS, "added tokens", u16_bytes(&table(&unicode::WORD_CHARACTERS)));
    }
    Ok(())
}

/// A string that the section holds, which is no longer than a token.
fn short(text: &str) -> Result<Vec<u8>, CompileError> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(CompileError::Token { token: text.to_owned() });
    }
    Ok(text.as_bytes().to_vec())
}

fn write_map(map: &Map, name: &'static str, section: &mut Section) -> Result<[u32; 2], CompileError> {
    let (table, pool) = map.encode()?;
    Ok([section.add(name, u16_bytes(&table)), section.add(name, u32_bytes(&pool))])
}

/// The trie and pool of a character map.
fn write_charsmap(keys: &Charsmap, section: &mut Section) -> Result<[u32; 2], CompileError> {
    let mut pool = Pool::default();
    let entries: Vec<(&[u8], u32)> = keys
        .0
        .iter()
        .map(|(key, replacement)| {
            let codes: Vec<u32> = replacement.chars().map(u32::from).collect();
            (key.as_slice(), if codes.is_empty() { units::BASE_MASK } else { pool.insert(&codes) })
        })
        .collect();
    let trie = trie::build(entries)?;
    Ok([section.add("character map", u32_bytes(&trie)), section.add("character map", u32_bytes(&pool.words))])
}

fn write_ops(ops: &[Lowered], section: &mut Section) -> Result<(), CompileError> {
    if ops.len() > MAX_OPS {
        return Err(CompileError::TooLarge { what: "normalizer" });
    }
    let mut words = Vec::new();
    for op in ops {
        let mut arguments = [0u32; OP_WORDS - 1];
        match op {
            Lowered::Map(map) => arguments[..2].copy_from_slice(&write_map(map, "code point map", section)?),
            Lowered::Decompose { map, compose, reach } => {
                arguments[..2].copy_from_slice(&write_map(map, "decomposition", section)?);
                let classes = table(&reach.only(&unicode::COMBINING_CLASSES));
                arguments[2] = section.add("decomposition", u16_bytes(&classes));
                if *compose {
                    let pairs: Vec<u32> = unicode::COMPOSITIONS
                        .iter()
                        .copied()
                        .filter(|&[_, second, _]| reach.contains(second))
                        .flatten()
                        .collect();
                    arguments[3] = section.add("composition", u32_bytes(&pairs));
                }
            }
            Lowered::Replace { pattern, content } => {
                arguments[0] = section.add("replacements", short(pattern)?);
                arguments[1] = section.add("replacements", short(content)?);
            }
            Lowered::CollapseBlanks { content } | Lowered::Prepend(content) => {
                arguments[0] = section.add("replacements", short(content)?);
            }
            Lowered::Strip { left, right } => arguments[0] = u32::from(*left) | u32::from(*right) << 1,
            Lowered::Charsmap { keys, reach, clusters } => {
                arguments[..2].copy_from_slice(&write_charsmap(keys, section)?);
                let categories =
                    if *clusters { unicode::grapheme_categories(reach, keys.0.keys()) } else { BTreeMap::new() };
                arguments[2] = section.add("grapheme categories", u16_bytes(&table(&categories)));
            }
            Lowered::SentencePiece { charsmap, symbols, bits } => {
                arguments[..2].copy_from_slice(&write_charsmap(charsmap, section)?);
                let symbols = trie::build(symbols.iter().map(|symbol| (symbol.as_bytes(), 0)))?;
                arguments[2] = section.add("user-defined symbols", u32_bytes(&symbols));
                arguments[3] = *bits;
            }
        }
        words.push(op.code());
        words.extend(arguments);
    }
    section.set(part::OPS, "operations", u32_bytes(&words));
    Ok(())
}

fn write_steps(
    steps: &[PreTokenizer],
    reach: &super::code_points::CodePointSet,
    section: &mut Section,
) -> Result<(), CompileError> {
    if steps.len() > MAX_OPS {
        return Err(CompileError::TooLarge { what: "pre-tokenizer" });
    }
    let mut words = Vec::new();
    for step in steps {
        words.extend(match *step {
            PreTokenizer::Whitespace => [step::WHITESPACE, 0, 0, 0, 0],
            PreTokenizer::Metaspace { blank, prepend, split } => {
                [step::METASPACE, u32::from(blank), prepend, u32::from(split), 0]
            }
            PreTokenizer::Punctuation => {
                let marks = table(&reach.only(&unicode::BERT_PUNCTUATION));
                [step::PUNCTUATION, section.add("punctuation", u16_bytes(&marks)), 0, 0, 0]
            }
        });
    }
    section.set(part::STEPS, "operations", u32_bytes(&words));
    Ok(())
}

fn write_digit_comma(definition: &Definition, section: &mut Section) {
    let (mut records, mut pieces) = (Vec::new(), Vec::new());
    for (&id, parts) in &definition.digit_comma {
        records.extend([id, pieces.len() as u32 / 2, parts.len() as u32]);
        pieces.extend(parts.iter().flat_map(|&(id, characters)| [id, characters]));
    }
    section.set(part::DIGIT_COMMA, "digit-comma rule", u32_bytes(&records));
    section.set(part::DIGIT_COMMA_PIECES, "digit-comma rule", u32_bytes(&pieces));
}
