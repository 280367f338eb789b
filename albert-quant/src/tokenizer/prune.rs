//! A tokenizer with fewer pieces.
//!
//! A text whose pieces, by the whole tokenizer, are all kept has the same pieces afterwards. For Unigram and SentencePiece the
//! best segmentation is still there, its rivals are fewer, and scores stay as they are. For WordPiece the longest piece at each
//! place is still there; that an unknown word stays unknown takes that the later characters of every kept piece are pieces by
//! themselves.

use std::collections::{BTreeSet, HashMap, HashSet};

use albert_core::tokenizer::section::{NONE, model};
use albert_core::tokenizer::{EncodeError, EncodeOptions, Tokenizer, memory_bytes};
use serde::Serialize;

use super::definition::{Decoder, Definition};
use super::normalizer::Normalizer;
use super::{CompileError, aligned, compile, spiece};

/// Which pieces of a vocabulary are kept, besides those that always are: special and other added tokens, single characters, and
/// what `keep` needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Vocabulary<'a> {
    /// Texts whose pieces are counted.
    pub texts: &'a [String],
    /// How often a piece must occur in them.
    pub min_count: usize,
    /// Most pieces of the result: the rarest are left out. `None` for no limit.
    pub most: Option<usize>,
    /// Texts, labels for instance, whose pieces are kept whether they occur or not.
    pub keep: &'a [String],
    /// Texts that do not count, to say what is lost on them.
    pub held_out: &'a [String],
}

impl<'a> Vocabulary<'a> {
    /// The pieces that occur in some texts.
    pub fn of(texts: &'a [String]) -> Self {
        Self { texts, min_count: 1, most: None, keep: &[], held_out: &[] }
    }
}

/// What became of a vocabulary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VocabularyReport {
    /// Tokens before.
    pub tokens: usize,
    /// Tokens that are kept.
    pub kept: usize,
    /// Of these, those that always are.
    pub always: usize,
    /// On the held-out texts.
    pub held_out: Option<Coverage>,
}

/// How texts are tokenized with fewer pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// Texts.
    pub texts: usize,
    /// Texts with the same pieces as before, which have the same logits.
    pub same: usize,
    /// Pieces of all texts before.
    pub pieces: usize,
    /// Of these, pieces that are not kept.
    pub lost: usize,
    /// Pieces of all texts now.
    pub pieces_now: usize,
    /// Unknown ones before.
    pub unknown: usize,
    /// Unknown ones now.
    pub unknown_now: usize,
}

/// A definition with fewer pieces.
pub(super) struct Pruned {
    pub(super) definition: Definition,
    /// The former id of each id.
    pub(super) ids: Vec<u32>,
    pub(super) report: VocabularyReport,
}

/// A tokenizer at an aligned address.
struct Compiled(Vec<u64>);

impl Compiled {
    fn tokenizer(&self) -> Result<Tokenizer<'_>, CompileError> {
        Tokenizer::parse(bytemuck::cast_slice(&self.0)).map_err(CompileError::Section)
    }

    /// Adds the ids of a text to their counts.
    fn count(&self, text: &str, memory: &mut Vec<u8>, counts: &mut [usize]) -> Result<(), CompileError> {
        self.encode(text, memory)?.iter().for_each(|&id| counts[id as usize] += 1);
        Ok(())
    }

    /// The ids of a text, without special tokens.
    fn encode(&self, text: &str, memory: &mut Vec<u8>) -> Result<Vec<u32>, CompileError> {
        let tokenizer = self.tokenizer()?;
        let options = EncodeOptions { add_special_tokens: false, ..EncodeOptions::default() };
        loop {
            match tokenizer.encode(text, None, &options, memory) {
                Ok(encoding) => return Ok(encoding.ids().to_vec()),
                Err(EncodeError::MemoryTooSmall { missing }) => {
                    memory.resize(memory.len() + missing.max(memory.len()).max(memory_bytes(64, 64)), 0);
                }
                Err(error) => return Err(CompileError::Encode(error)),
            }
        }
    }
}

/// Leaves out what `wanted` does not name.
pub(super) fn prune(mut definition: Definition, wanted: &Vocabulary<'_>) -> Result<Pruned, CompileError> {
    let whole = Compiled(aligned(&compile(&mut definition, 0)?.bytes));
    let size = whole.tokenizer()?.id_end() as usize;
    let mut memory = Vec::new();
    let mut counts = vec![0; size];
    wanted.texts.iter().try_for_each(|text| whole.count(text, &mut memory, &mut counts))?;
    let mut always = essential(&definition);
    let mut needed = vec![0; size];
    wanted.keep.iter().try_for_each(|text| whole.count(text, &mut memory, &mut needed))?;
    // A piece that ends in a digit and a comma is found, and then taken apart: both need pieces that no result shows.
    let ruled: Vec<u32> = definition.digit_comma.keys().copied().collect();
    if !ruled.is_empty() {
        let rule = std::mem::take(&mut definition.digit_comma);
        let bare = Compiled(aligned(&compile(&mut definition, 0)?.bytes));
        for &id in &ruled {
            needed[id as usize] += 1;
            bare.count(&spiece::digit_comma_body(&definition.tokens[&id]), &mut memory, &mut needed)?;
        }
        definition.digit_comma = rule;
    }
    always.extend((0..).zip(&needed).filter(|&(_, &count)| count > 0).map(|(id, _)| id));
    let always: BTreeSet<u32> = always.into_iter().filter(|id| definition.tokens.contains_key(id)).collect();
    let unsafe_ids = unsafe_pieces(&definition);
    let mut frequent: Vec<u32> = definition.tokens.keys().copied().collect();
    frequent.retain(|id| {
        counts[*id as usize] >= wanted.min_count.max(1) && !always.contains(id) && !unsafe_ids.contains(id)
    });
    frequent.sort_by_key(|&id| (std::cmp::Reverse(counts[id as usize]), id));
    if let Some(most) = wanted.most {
        let room = most.checked_sub(always.len());
        frequent.truncate(room.ok_or(CompileError::VocabularyTooSmall { most, always: always.len() })?);
    }
    let mut report = VocabularyReport {
        tokens: definition.tokens.len(),
        kept: always.len() + frequent.len(),
        always: always.len(),
        held_out: None,
    };
    let ids: BTreeSet<u32> = always.into_iter().chain(frequent).collect();
    let ids: Vec<u32> = ids.into_iter().collect();
    let mut definition = renumber(definition, &ids)?;
    if !wanted.held_out.is_empty() {
        let now = Compiled(aligned(&compile(&mut definition, 0)?.bytes));
        report.held_out = Some(coverage(&whole, &now, &ids, wanted.held_out)?);
    }
    Ok(Pruned { definition, ids, report })
}

/// Compares two tokenizers; `ids` has the former id of each id of the second.
fn coverage(whole: &Compiled, now: &Compiled, ids: &[u32], texts: &[String]) -> Result<Coverage, CompileError> {
    let unk = whole.tokenizer()?.unk();
    let kept: HashSet<u32> = ids.iter().copied().collect();
    let unknown = |pieces: &[u32]| pieces.iter().filter(|&&id| Some(id) == unk).count();
    let mut memory = Vec::new();
    let mut coverage = Coverage { texts: texts.len(), ..Coverage::default() };
    for text in texts {
        let before = whole.encode(text, &mut memory)?;
        let after = now.encode(text, &mut memory)?;
        let after: Vec<u32> = after.iter().filter_map(|&id| ids.get(id as usize)).copied().collect();
        coverage.same += usize::from(before == after);
        coverage.pieces += before.len();
        coverage.pieces_now += after.len();
        coverage.lost += before.iter().filter(|id| !kept.contains(id)).count();
        coverage.unknown += unknown(&before);
        coverage.unknown_now += unknown(&after);
    }
    Ok(coverage)
}

/// Ids that are always kept: what the pipeline itself names, and single characters.
fn essential(definition: &Definition) -> BTreeSet<u32> {
    let roles = &definition.roles;
    let mut ids: BTreeSet<u32> = [roles.cls, roles.sep, roles.mask, roles.pad].into_iter().flatten().collect();
    ids.insert(definition.unk);
    ids.extend(definition.added.iter().map(|token| token.id));
    ids.extend(definition.single.iter().chain(&definition.pair).map(|&(code, _)| code));
    let symbols: HashSet<&str> = definition
        .normalizers
        .iter()
        .flat_map(|normalizer| match normalizer {
            Normalizer::SentencePiece { symbols, .. } => symbols.as_slice(),
            _ => &[],
        })
        .map(String::as_str)
        .collect();
    let matched: HashSet<&str> = definition.pieces.iter().map(|(piece, _)| piece.as_str()).collect();
    for (&id, token) in &definition.tokens {
        let piece = token.strip_prefix(&definition.prefix).filter(|rest| !rest.is_empty()).unwrap_or(token);
        // An entry that is not a piece is a control token.
        if piece.chars().count() <= 1 || symbols.contains(token.as_str()) || !matched.contains(token.as_str()) {
            ids.insert(id);
        }
    }
    ids
}

/// WordPieces with a later character that is no piece by itself: with them an unknown word could become known.
fn unsafe_pieces(definition: &Definition) -> HashSet<u32> {
    if definition.model != model::WORD_PIECE {
        return HashSet::new();
    }
    let rest = |piece: &'_ str| -> Option<String> { piece.strip_prefix(&definition.prefix).map(str::to_owned) };
    let single: HashSet<char> = definition
        .pieces
        .iter()
        .filter_map(|(piece, _)| rest(piece))
        .filter_map(|rest| rest.chars().next().filter(|_| rest.chars().count() == 1))
        .collect();
    let later = |piece: &str| -> Vec<char> {
        rest(piece).map_or_else(|| piece.chars().skip(1).collect(), |rest| rest.chars().collect())
    };
    let is_unsafe = |piece: &str| later(piece).iter().any(|code| !single.contains(code));
    definition.pieces.iter().filter(|(piece, _)| is_unsafe(piece)).map(|&(_, id)| id).collect()
}

/// The definition with these ids alone, which become 0, 1, 2 and so on.
fn renumber(definition: Definition, ids: &[u32]) -> Result<Definition, CompileError> {
    let new: HashMap<u32, u32> = ids.iter().copied().zip(0..).collect();
    let id = |old: u32| new.get(&old).copied().unwrap_or(NONE);
    let optional = |old: Option<u32>| old.and_then(|old| new.get(&old).copied());
    let entries = |entries: Vec<(u32, u32)>| -> Vec<(u32, u32)> {
        entries.into_iter().map(|(code, token_type)| (new.get(&code).copied().unwrap_or(code), token_type)).collect()
    };
    let mut pruned = Definition {
        pieces: definition.pieces.into_iter().filter_map(|(piece, old)| Some((piece, *new.get(&old)?))).collect(),
        scores: ids.iter().filter_map(|&old| definition.scores.get(old as usize)).copied().collect(),
        unk: id(definition.unk),
        tokens: definition.tokens.into_iter().filter_map(|(old, token)| Some((*new.get(&old)?, token))).collect(),
        vocab_size: ids.len(),
        added: definition.added,
        single: entries(definition.single),
        pair: entries(definition.pair),
        roles: definition.roles,
        digit_comma: Default::default(),
        ..definition
    };
    pruned.added.iter_mut().for_each(|token| token.id = id(token.id));
    let roles = &mut pruned.roles;
    for role in [&mut roles.cls, &mut roles.sep, &mut roles.mask, &mut roles.pad] {
        *role = optional(*role);
    }
    if pruned.decoder == Decoder::SentencePiece {
        spiece::add_digit_comma_rule(&mut pruned)?;
    }
    Ok(pruned)
}
