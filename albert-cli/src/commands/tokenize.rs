//! `albert tokenize`: texts to tokens.

use albert_core::tokenizer::{Encoding, Tokenizer};
use albert_edge::{EncodeOptions, Engine, Error as EdgeError, Truncation};
use serde::Serialize;

use super::rows::{self, Destination, Separator};
use crate::args::{Columns, RowDefaults, Tokenize};
use crate::console::{Escaped, json};
use crate::error::{Error, Outcome, Result};
use crate::explain::{explain, open};
use crate::output::Done;
use crate::rows::{Row, Rows};

/// One row, with the field names of the reference library.
#[derive(Debug, Serialize)]
struct Line {
    ids: Vec<u32>,
    tokens: Vec<String>,
    offsets: Vec<(u32, u32)>,
    type_ids: Vec<u8>,
    attention_mask: Vec<u8>,
    special_tokens_mask: Vec<u8>,
    row: usize,
}

pub(super) fn run(args: &Tokenize) -> Result<Outcome> {
    let model = open(&args.model)?;
    let tokenizer = model.tokenizer().ok_or_else(|| {
        Error::new(format_args!("{} has no tokenizer; convert a checkpoint that has one", args.model.display()))
    })?;
    let defaults = RowDefaults { text_pair: args.text_pair.clone(), ..RowDefaults::default() };
    let rows = Rows::open(&args.source, defaults, &Columns::default())?;
    let separator = if args.json { Separator::None } else { Separator::EmptyLine };
    rows::answer_all(
        rows,
        Done::default(),
        1,
        Destination::console(separator),
        |_| Engine::new(&model),
        |engine, row, number| {
            let line = encode(engine, tokenizer, row, number, args)?;
            Ok(if args.json { json(&line) + "\n" } else { table(&line) })
        },
    )
}

fn encode(engine: &Engine, tokenizer: Tokenizer<'_>, row: &Row, number: usize, args: &Tokenize) -> Result<Line> {
    let truncation = match &row.truncation {
        None => args.truncation,
        Some(name) => Truncation::from_name(name)
            .ok_or_else(|| Error::new(format_args!("unknown truncation {name:?}; longest_first is one")))?,
    };
    let max_tokens = row.max_length.or(args.max_tokens);
    let options = EncodeOptions { max_tokens, truncation, ..EncodeOptions::default() };
    let line = |encoding: &Encoding<'_>| Line {
        ids: encoding.ids().to_vec(),
        tokens: (0..encoding.len()).map(|token| encoding.token(&tokenizer, token).unwrap_or("").to_owned()).collect(),
        offsets: encoding.offsets().iter().map(|offsets| (offsets.start, offsets.end)).collect(),
        type_ids: encoding.type_ids().to_vec(),
        attention_mask: vec![1; encoding.len()],
        special_tokens_mask: encoding.special_tokens_mask().to_vec(),
        row: number,
    };
    let pair = row.request.text_pair.as_deref();
    engine.encode_with(row.need_text()?, pair, &options, line).map_err(|error| match error {
        EdgeError::TooLong { tokens, limit } => {
            Error::new(format_args!("{tokens} tokens, more than --max-tokens {limit}; allow more or truncate"))
        }
        error => explain(&error, None),
    })
}

/// A token a line: id, token, offsets.
fn table(line: &Line) -> String {
    let tokens = line.ids.iter().zip(&line.tokens).zip(&line.offsets);
    tokens.map(|((id, token), (start, end))| format!("{id}\t{}\t{start}-{end}\n", Escaped(token))).collect()
}
