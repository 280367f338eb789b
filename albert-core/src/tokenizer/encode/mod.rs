//! From texts to an encoding: limits, truncation, special tokens.

mod added;
mod ascii;
mod pipeline;
mod segment;
mod text;
mod words;

pub(crate) use text::normalized;

use super::encoding::{Encoding, NO_SEQUENCE, NO_WORD};
use super::error::EncodeError;
use super::memory::token_buffer::{Limits, Progress};
use super::memory::workspace::{Shortage, Surfaces, Workspace, shift};
use super::offsets::Offsets;
use super::options::{EncodeOptions, Truncation};
use super::tables::{Entry, Model, Tables};
use crate::slices::{self, part, part_mut};
use pipeline::Pipeline;

const MAX_TEXT_BYTES: usize = 1 << 31;

/// Where the parts of an encoding lie.
#[derive(Clone, Copy, Debug, Default)]
struct Layout {
    /// Special tokens before the first text, and between the texts.
    lead: usize,
    middle: usize,
    first: usize,
    second: usize,
}

impl Layout {
    fn second_start(&self) -> usize {
        self.lead + self.first + self.middle
    }
}

pub(crate) fn encode<'w>(
    tables: &Tables<'_>,
    text: &str,
    pair: Option<&str>,
    options: &EncodeOptions,
    memory: &'w mut [u8],
) -> Result<Encoding<'w>, EncodeError> {
    if text.len() >= MAX_TEXT_BYTES || pair.is_some_and(|pair| pair.len() >= MAX_TEXT_BYTES) {
        return Err(EncodeError::TextTooLong);
    }
    let added = if options.add_special_tokens { special_token_count(tables, pair.is_some()) } else { 0 };
    let budget = match options.max_tokens {
        Some(max) => max.checked_sub(added).ok_or(EncodeError::LimitTooSmall { special_tokens: added })?,
        None => usize::MAX,
    };
    let bound = options.max_tokens.map(|max| if pair.is_some() { max.saturating_mul(2) } else { max });
    let pipeline = Pipeline::new(tables);
    let mut workspace = Workspace::new(memory, bound, options.surfaces);
    let stop = stop_count(tables, options, false);
    let limits = Limits { keep: budget, stop, surfaces: options.surfaces };
    let mut layout = Layout::default();
    (layout.lead, layout.middle) = special_tokens_before(tables, pair.is_some(), options.add_special_tokens);
    let first = pipeline.encode(text, layout.lead, limits, 0, &mut workspace)?;
    layout.first = first.kept;
    let second = match pair {
        None => Progress { surfaces: first.surfaces, ..Progress::default() },
        Some(pair) => {
            let keep = match options.truncation {
                Truncation::LongestFirst => budget - first.counted.min(budget / 2),
                Truncation::OnlyFirst | Truncation::DoNotTruncate => budget,
                Truncation::OnlySecond => budget.saturating_sub(first.counted),
            };
            let stop = stop_count(tables, options, true);
            let limits = Limits { keep, stop, ..limits };
            pipeline.encode(pair, layout.second_start(), limits, first.surfaces, &mut workspace)?
        }
    };
    layout.second = second.kept;
    let (n1, n2) = truncate(tables, options, budget, added, first.counted, pair.map(|_| second.counted))?;
    let stored = if pair.is_some() { layout.second_start() + layout.second } else { layout.lead + layout.first };
    let total = n1 + n2 + added;
    while workspace.split().0.ids.len() < total {
        workspace.grow(Shortage::Tokens(total), stored, second.surfaces)?;
    }
    close_gap(&mut workspace, &layout, n1, n2, second.surfaces);
    fill(tables, &mut workspace, pair.is_some(), options.add_special_tokens, n1, n2);
    let (arrays, surfaces) = workspace.finish();
    Ok(Encoding {
        ids: part(arrays.ids, ..total),
        offsets: part(arrays.offsets, ..total),
        words: part(arrays.words, ..total),
        type_ids: part(arrays.type_ids, ..total),
        special: part(arrays.special, ..total),
        sequences: part(arrays.sequences, ..total),
        surfaces: Surfaces { words: part(surfaces, ..second.surfaces) },
    })
}

/// Number of special tokens that the template adds.
pub(crate) fn special_token_count(tables: &Tables<'_>, pair: bool) -> usize {
    tables.template(pair).filter(|(entry, _)| matches!(entry, Entry::Special(_))).count()
}

/// Special tokens before the first text, and between the two.
fn special_tokens_before(tables: &Tables<'_>, pair: bool, add: bool) -> (usize, usize) {
    let (mut lead, mut middle, mut texts) = (0, 0, 0);
    for (entry, _) in tables.template(pair) {
        match entry {
            Entry::Special(_) if !add => {}
            Entry::Special(_) if texts == 0 => lead += 1,
            Entry::Special(_) if texts == 1 => middle += 1,
            Entry::Special(_) => {}
            Entry::First | Entry::Second => texts += 1,
        }
    }
    (lead, middle)
}

/// The count at which a text's encoding ends early. The reference stops at its limit and lets truncation see only what was
/// counted by then, which decides ties between very long texts; SentencePiece's counts everything.
fn stop_count(tables: &Tables<'_>, options: &EncodeOptions, second: bool) -> usize {
    match options.truncation {
        Truncation::DoNotTruncate => usize::MAX,
        Truncation::OnlySecond if !second => usize::MAX,
        _ if tables.model == Model::SentencePiece => usize::MAX,
        _ => options.max_tokens.unwrap_or(usize::MAX),
    }
}

/// How many tokens of each text stay.
fn truncate(
    tables: &Tables<'_>,
    options: &EncodeOptions,
    budget: usize,
    added: usize,
    n1: usize,
    second: Option<usize>,
) -> Result<(usize, usize), EncodeError> {
    let n2 = second.unwrap_or(0);
    let total = n1 + n2;
    if total <= budget {
        return Ok((n1, n2));
    }
    let excess = total - budget;
    match options.truncation {
        Truncation::DoNotTruncate => Err(EncodeError::TooManyTokens { tokens: total + added }),
        _ if budget == 0 => Ok((0, 0)),
        Truncation::LongestFirst if second.is_none() => Ok((budget, 0)),
        Truncation::LongestFirst if tables.model == Model::SentencePiece => Ok(longest_first_by_one(budget, n1, n2)),
        Truncation::LongestFirst => Ok(longest_first(budget, n1, n2)),
        Truncation::OnlyFirst if n1 > excess => Ok((n1 - excess, n2)),
        Truncation::OnlySecond if second.is_none() => Err(EncodeError::SecondSequenceMissing),
        Truncation::OnlySecond if n2 > excess => Ok((n1, n2 - excess)),
        Truncation::OnlyFirst | Truncation::OnlySecond => Err(EncodeError::SequenceTooShort),
    }
}

/// The `tokenizers` library's rule: on a tie the second text gets the odd token.
fn longest_first(budget: usize, n1: usize, n2: usize) -> (usize, usize) {
    let (mut short, mut long) = (n1.min(n2), n1.max(n2));
    long = if short > budget { short } else { short.max(budget - short).min(long) };
    if short + long > budget {
        short = budget / 2;
        long = short + budget % 2;
    }
    if n1 > n2 { (long, short) } else { (short, long) }
}

/// The original tokenizer's rule, one token at a time from the longer, else from the second: the first gets the odd token.
fn longest_first_by_one(budget: usize, n1: usize, n2: usize) -> (usize, usize) {
    let half = budget / 2;
    if n2 <= half {
        (budget - n2, n2)
    } else if n1 <= budget - half {
        (n1, budget - n1)
    } else {
        (budget - half, half)
    }
}

/// Moves the second text's tokens to where the first text's end, and their surfaces' indices along.
fn close_gap(workspace: &mut Workspace<'_>, layout: &Layout, n1: usize, n2: usize, surface_words: usize) {
    let (arrays, surfaces, _) = workspace.split();
    let (from, to) = (layout.second_start(), layout.lead + n1 + layout.middle);
    shift(arrays.ids, from, to, n2);
    shift(bytemuck::must_cast_slice_mut(arrays.offsets), 2 * from, 2 * to, 2 * n2);
    shift(arrays.words, from, to, n2);
    let mut rest = part_mut(surfaces, ..surface_words);
    while let Some(([index, length], tail)) = rest.split_first_chunk_mut::<2>() {
        let at = *index as usize;
        *index = if at < layout.lead + n1 {
            at as u32
        } else if (from..from + n2).contains(&at) {
            (at - from + to) as u32
        } else {
            u32::MAX
        };
        let skip = (*length as usize).div_ceil(4);
        rest = part_mut(tail, skip..);
    }
}

/// Writes the special tokens and everything that depends on the template alone.
fn fill(tables: &Tables<'_>, workspace: &mut Workspace<'_>, pair: bool, add: bool, n1: usize, n2: usize) {
    let (arrays, _, _) = workspace.split();
    let mut at = 0;
    for (entry, token_type) in tables.template(pair) {
        let (count, sequence) = match entry {
            Entry::Special(_) if !add => continue,
            Entry::Special(id) => {
                if let (Some(slot), Some(offsets), Some(word)) =
                    (arrays.ids.get_mut(at), arrays.offsets.get_mut(at), arrays.words.get_mut(at))
                {
                    (*slot, *offsets, *word) = (id, Offsets::default(), NO_WORD);
                }
                (1, NO_SEQUENCE)
            }
            Entry::First => (n1, 0),
            Entry::Second => (n2, 1),
        };
        let end = at + count;
        for (array, value) in [
            (&mut *arrays.type_ids, token_type),
            (&mut *arrays.special, u8::from(sequence == NO_SEQUENCE)),
            (&mut *arrays.sequences, sequence),
        ] {
            if let Some(range) = array.get_mut(at..end) {
                slices::fill(range, value);
            }
        }
        at = end;
    }
}
