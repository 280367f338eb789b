//! The Unicode normalization forms, from tables in the model file (UAX 15).

use super::items::{CODE, Item, Items};
use super::lookup::CodePoints;
use super::normalizer::sequence;
use super::section::map;
use super::workspace::Need;

/// Where the combining class of an item lies while it is sorted.
const CLASS_SHIFT: u32 = 21;
const HANGUL_SYLLABLES: u32 = 0xac00;
const HANGUL_COUNT: u32 = 19 * 21 * 28;
const LEADING: u32 = 0x1100;
const VOWEL: u32 = 0x1161;
const TRAILING: u32 = 0x11a7;

/// The conjoining jamo of a syllable (The Unicode Standard, 3.12).
pub(super) fn hangul(code: u32) -> [Option<u32>; 3] {
    let index = code.wrapping_sub(HANGUL_SYLLABLES);
    if index >= HANGUL_COUNT {
        return [Some(code), None, None];
    }
    let trailing = index % 28;
    [
        Some(LEADING + index / (21 * 28)),
        Some(VOWEL + index % (21 * 28) / 28),
        (trailing > 0).then_some(TRAILING + trailing),
    ]
}

/// The composite of a pair.
fn compose(pairs: &[[u32; 3]], first: u32, second: u32) -> Option<u32> {
    let (leading, vowel) = (first.wrapping_sub(LEADING), second.wrapping_sub(VOWEL));
    if leading < 19 && vowel < 21 {
        return Some(HANGUL_SYLLABLES + (leading * 21 + vowel) * 28);
    }
    let (syllable, trailing) = (first.wrapping_sub(HANGUL_SYLLABLES), second.wrapping_sub(TRAILING));
    if syllable < HANGUL_COUNT && syllable % 28 == 0 && (1..28).contains(&trailing) {
        return Some(first + trailing);
    }
    let at = pairs.binary_search_by(|&[a, b, _]| (a, b).cmp(&(first, second))).ok()?;
    pairs.get(at).map(|&[_, _, composite]| composite & CODE)
}

/// Decomposition, canonical ordering and, with `pairs`, composition (UAX 15).
pub(super) fn decompose(
    table: &CodePoints<'_>,
    pool: &[u32],
    classes: &CodePoints<'_>,
    pairs: Option<&[[u32; 3]]>,
    items: &mut Items<'_>,
) -> Result<(), Need> {
    // Codes carry their combining class until the end; start holds the change.
    let tag = |code: u32| code | (u32::from(classes.get(code)) & 0xff) << CLASS_SHIFT;
    for index in 0..items.len() {
        let Some(Item { code, .. }) = items.get(index) else { break };
        match table.get(code) {
            map::IDENTITY | map::REMOVE | map::SPACED => items.change(tag(code), 0)?,
            map::HANGUL => {
                for (at, jamo) in hangul(code).into_iter().flatten().enumerate() {
                    items.change(tag(jamo), i32::from(at > 0))?;
                }
            }
            entry => {
                for (at, code) in sequence(pool, usize::from(entry - map::POOL)).enumerate() {
                    items.change(tag(code), i32::from(at > 0))?;
                }
            }
        }
    }
    order(items)?;
    if let Some(pairs) = pairs {
        recompose(pairs, items);
    }
    for item in items.result() {
        item.code &= CODE;
    }
    items.apply();
    Ok(())
}

fn class(item: &Item) -> u32 {
    item.code >> CLASS_SHIFT
}

/// Sorts every run of combining marks by class, keeping the order within a class.
fn order(items: &mut Items<'_>) -> Result<(), Need> {
    let count = items.result().len();
    let mut from = 0;
    while from < count {
        let rest = items.result().get(from..).unwrap_or(&[]);
        let run = rest.iter().take_while(|item| class(item) != 0).count();
        let sorted = rest.iter().take(run).is_sorted_by_key(class);
        if !sorted {
            items.sort_result(from, run, class)?;
        }
        from += run.max(1);
    }
    Ok(())
}

/// Composes the result in place: a starter takes in the marks that nothing blocks.
fn recompose(pairs: &[[u32; 3]], items: &mut Items<'_>) {
    let result = items.result();
    let count = result.len();
    // `starter` is where the code point that may grow was written; marks that did not compose follow it.
    let (mut written, mut starter, mut last_class) = (0, None::<usize>, None::<u32>);
    for index in 0..count {
        let Some(&item) = result.get(index) else { break };
        let item_class = class(&item);
        if let Some(at) = starter {
            let blocked = last_class.is_some_and(|last| last >= item_class);
            let first = result.get(at).copied().unwrap_or_default();
            if !blocked && let Some(composite) = compose(pairs, first.code & CODE, item.code & CODE) {
                if let Some(slot) = result.get_mut(at) {
                    slot.code = composite;
                    slot.start = (first.start as i32 + item.start as i32 - 1) as u32;
                }
                continue;
            }
        }
        if item_class == 0 {
            (starter, last_class) = (Some(written), None);
        } else if starter.is_some() {
            last_class = Some(item_class);
        }
        if let Some(slot) = result.get_mut(written) {
            *slot = item;
        }
        written += 1;
    }
    items.truncate_result(written);
}
