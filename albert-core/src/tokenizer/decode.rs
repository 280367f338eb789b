//! Ids, or tokens, to text.

use core::fmt::{self, Write};

use super::characters;
use super::tables::Tables;
use super::tables::section::{decoder, flag, header};

pub(super) fn decode(tables: &Tables<'_>, ids: &[u32], skip_special: bool, out: &mut dyn Write) -> fmt::Result {
    let special = tables.special();
    let tokens = ids.iter().filter_map(|&id| {
        let is_special = special.binary_search(&id).is_ok();
        if skip_special && is_special {
            return None;
        }
        Some((tables.token(id)?, is_special))
    });
    join(tables, tokens, out)
}

/// Joins tokens, each with whether it is a special one.
pub(super) fn join<'t>(
    tables: &Tables<'_>,
    tokens: impl Iterator<Item = (&'t str, bool)> + Clone,
    out: &mut dyn Write,
) -> fmt::Result {
    match tables.header(header::DECODER) {
        decoder::METASPACE => metaspace(tables, tokens, out),
        decoder::WORD_PIECE => word_piece(tables, tokens, out),
        decoder::SENTENCE_PIECE => sentence_piece(tables, tokens, out),
        _ => tokens.enumerate().try_for_each(|(index, (token, _))| {
            if index > 0 {
                out.write_char(' ')?;
            }
            out.write_str(token)
        }),
    }
}

/// The character that stands for a blank.
fn blank(tables: &Tables<'_>) -> char {
    char::from_u32(tables.header(header::BLANK)).unwrap_or('\u{2581}')
}

fn metaspace<'m>(
    tables: &Tables<'_>,
    tokens: impl Iterator<Item = (&'m str, bool)>,
    out: &mut dyn Write,
) -> fmt::Result {
    let blank = blank(tables);
    let mut drop = tables.has(flag::DROP_FIRST_BLANK);
    for (token, _) in tokens {
        let mut chars = token.chars();
        while let Some(code) = characters::next(&mut chars) {
            match code {
                code if code != blank => out.write_char(code)?,
                _ if drop => {}
                _ => out.write_char(' ')?,
            }
        }
        drop = false;
    }
    Ok(())
}

/// Beginnings that take no blank before them when decoding cleans up.
const CLOSE: [&str; 9] = [".", "?", "!", ",", "n't", "'m", "'s", "'ve", "'re"];

fn word_piece<'m>(
    tables: &Tables<'_>,
    tokens: impl Iterator<Item = (&'m str, bool)>,
    out: &mut dyn Write,
) -> fmt::Result {
    let clean_up = tables.has(flag::CLEAN_UP);
    for (index, (token, _)) in tokens.enumerate() {
        if index == 0 {
            out.write_str(token)?;
        } else if let Some(rest) = token.strip_prefix(tables.prefix()) {
            out.write_str(rest)?;
        } else {
            if !(clean_up && CLOSE.iter().any(|close| token.starts_with(close))) {
                out.write_char(' ')?;
            }
            out.write_str(token)?;
        }
    }
    Ok(())
}

/// Writes text without blanks at its ends.
struct Trimmed<'o> {
    out: &'o mut dyn Write,
    begun: bool,
    blanks: usize,
}

impl Trimmed<'_> {
    fn put(&mut self, code: char) -> fmt::Result {
        if code == ' ' {
            self.blanks += 1;
            return Ok(());
        }
        for _ in 0..if self.begun { self.blanks } else { 0 } {
            self.out.write_char(' ')?;
        }
        self.blanks = 0;
        self.begun = true;
        self.out.write_char(code)
    }
}

/// As the original tokenizer: runs of pieces between special tokens are decoded by themselves, and a run that a special
/// token ends has a blank before it.
fn sentence_piece<'m>(
    tables: &Tables<'_>,
    tokens: impl Iterator<Item = (&'m str, bool)> + Clone,
    out: &mut dyn Write,
) -> fmt::Result {
    let blank = blank(tables);
    let mut special_to_come = tokens.clone().filter(|&(_, is_special)| is_special).count();
    let mut out = Trimmed { out, begun: false, blanks: 0 };
    let (mut in_run, mut has_text) = (false, false);
    for (token, is_special) in tokens {
        if is_special {
            let mut chars = token.chars();
            while let Some(code) = characters::next(&mut chars) {
                out.put(code)?;
            }
            special_to_come -= 1;
            (in_run, has_text) = (false, false);
            continue;
        }
        if !in_run && special_to_come > 0 {
            out.put(' ')?;
        }
        in_run = true;
        let (mut chars, mut begins) = (token.chars(), true);
        while let Some(code) = characters::next(&mut chars) {
            if !core::mem::take(&mut begins) || code != blank || has_text {
                out.put(if code == blank { ' ' } else { code })?;
                has_text = true;
            }
        }
    }
    Ok(())
}
