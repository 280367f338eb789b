//! A stream of rows to a stream of results: what `run` and `tokenize` have in common.

use crate::batch;
use crate::engine::Engine;
use crate::error::{At, Error, Outcome, Result};
use crate::input::{Numbered, Row, Rows};
use crate::output::Output;
use crate::progress;

/// How results are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// Each row has one line, or lines that say which row they belong to.
    None,
    /// An empty line between rows.
    EmptyLine,
}

/// Writes what `answer` makes of each row, in order. A row that fails is reported and the others go on.
pub(super) fn answer_all<'m>(
    mut rows: Rows,
    threads: usize,
    separator: Separator,
    engine: impl Fn() -> Engine<'m> + Sync,
    answer: impl Fn(&mut Engine<'m>, &Row, usize) -> Result<String> + Sync,
) -> Result<Outcome> {
    let alone = rows.known_len() == Some(1);
    let (side_by_side, workers) = batch::share(threads, rows.fewer_than(threads));
    let place = rows.place().to_owned();
    let mut output = Output::new();
    let mut outcome = Outcome::Passed;
    let mut first = true;
    let bar = progress::bytes(rows.file_bytes());
    let work = |engine: &mut Engine<'m>, Numbered { number, bytes, row }: Numbered| {
        let result = row.and_then(|row| answer(engine, &row, number));
        (if alone { result } else { result.at(format_args!("{place} {number}")) }, bytes)
    };
    batch::map(
        rows,
        side_by_side,
        || engine().with_workers(workers),
        work,
        |(result, bytes)| {
            bar.inc(bytes);
            match result {
                Ok(lines) => {
                    if !first && separator == Separator::EmptyLine {
                        output.line("")?;
                    }
                    first = false;
                    output.text(&lines)?;
                    // Whoever feeds lines one by one waits for the answer to each.
                    output.flush()
                }
                Err(error @ Error::Message(_)) => {
                    bar.suspend(|| error.report());
                    outcome = Outcome::BadRows;
                    Ok(())
                }
                Err(error) => Err(error),
            }
        },
    )?;
    bar.finish_and_clear();
    Ok(outcome)
}
