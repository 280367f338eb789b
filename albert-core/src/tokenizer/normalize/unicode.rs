//! The Unicode normalization forms, from tables in the model file (UAX 15).

use super::pool::sequence;
use crate::slices::{part, ruled_out};
use crate::tokenizer::memory::char_buffer::{CODE, CharBuffer, Character};
use crate::tokenizer::memory::workspace::Shortage;
use crate::tokenizer::tables::CodePointTable;
use crate::tokenizer::tables::section::map;

/// Where the combining class of an character lies while it is sorted.
const CLASS_SHIFT: u32 = 21;
const HANGUL_SYLLABLES: u32 = 0xac00;
const HANGUL_COUNT: u32 = 19 * 21 * 28;
const LEADING: u32 = 0x1100;
const VOWEL: u32 = 0x1161;
const TRAILING: u32 = 0x11a7;

/// The conjoining jamo of a syllable (The Unicode Standard, 3.12).
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn hangul(code: u32) -> [Option<u32>; 3] {
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
pub(crate) fn decompose(
    table: &CodePointTable<'_>,
    pool: &[u32],
    classes: &CodePointTable<'_>,
    pairs: Option<&[[u32; 3]]>,
    chars: &mut CharBuffer<'_>,
) -> Result<(), Shortage> {
    // Codes carry their combining class until the end; start holds the change.
    let tag = |code: u32| code | (u32::from(classes.get(code)) & 0xff) << CLASS_SHIFT;
    for index in 0..chars.len() {
        let Some(Character { code, .. }) = chars.get(index) else {
            ruled_out();
            break;
        };
        match table.get(code) {
            map::IDENTITY | map::REMOVE | map::SPACED => chars.change(tag(code), 0)?,
            map::HANGUL => {
                for (at, jamo) in hangul(code).into_iter().flatten().enumerate() {
                    chars.change(tag(jamo), i32::from(at > 0))?;
                }
            }
            entry => {
                for (at, code) in sequence(pool, usize::from(entry - map::POOL)).enumerate() {
                    chars.change(tag(code), i32::from(at > 0))?;
                }
            }
        }
    }
    order(chars)?;
    if let Some(pairs) = pairs {
        recompose(pairs, chars);
    }
    for character in chars.result() {
        character.code &= CODE;
    }
    chars.apply();
    Ok(())
}

fn class(character: &Character) -> u32 {
    character.code >> CLASS_SHIFT
}

/// Sorts every run of combining marks by class, keeping the order within a class.
fn order(chars: &mut CharBuffer<'_>) -> Result<(), Shortage> {
    let count = chars.result().len();
    let mut from = 0;
    while from < count {
        let rest = part(chars.result(), from..);
        let run = rest.iter().take_while(|character| class(character) != 0).count();
        let sorted = rest.iter().take(run).is_sorted_by_key(class);
        if !sorted {
            chars.sort_result(from, run, class)?;
        }
        from += run.max(1);
    }
    Ok(())
}

/// Composes the result in place: a starter takes in the marks that nothing blocks.
fn recompose(pairs: &[[u32; 3]], chars: &mut CharBuffer<'_>) {
    let result = chars.result();
    let count = result.len();
    // `starter` is where the code point that may grow was written; marks that did not compose follow it.
    let (mut written, mut starter, mut last_class) = (0, None::<usize>, None::<u32>);
    for index in 0..count {
        let Some(&character) = result.get(index) else {
            ruled_out();
            break;
        };
        let mark_class = class(&character);
        if let Some(at) = starter {
            let blocked = last_class.is_some_and(|last| last >= mark_class);
            debug_assert!(at < result.len());
            let first = result.get(at).copied().unwrap_or_default();
            if !blocked && let Some(composite) = compose(pairs, first.code & CODE, character.code & CODE) {
                if let Some(slot) = result.get_mut(at) {
                    slot.code = composite;
                    slot.start = (first.start as i32 + character.start as i32 - 1) as u32;
                }
                continue;
            }
        }
        if mark_class == 0 {
            (starter, last_class) = (Some(written), None);
        } else if starter.is_some() {
            last_class = Some(mark_class);
        }
        if let Some(slot) = result.get_mut(written) {
            *slot = character;
        } else {
            ruled_out();
        }
        written += 1;
    }
    chars.truncate_result(written);
}
