//! A stream of rows to a stream of results: what `run` and `tokenize` have in common.

use std::ops::ControlFlow;

use albert_edge::batch;

use crate::console::Console;
use crate::error::{At, Error, Outcome, Result};
use crate::progress;
use crate::rows::{Numbered, Row, Rows};

/// How results are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// Each row has one line, or lines that say which row they belong to.
    None,
    /// An empty line between rows.
    EmptyLine,
}

/// Writes what `answer` makes of each row, in order. A row that fails is reported and the others go on. `state` is called once,
/// with the number of threads that each row has.
pub(super) fn answer_all<S: Sync>(
    mut rows: Rows,
    threads: usize,
    separator: Separator,
    state: impl FnOnce(usize) -> S,
    answer: impl Fn(&S, &Row, usize) -> Result<String> + Sync,
) -> Result<Outcome> {
    let alone = rows.known_len() == Some(1);
    let (side_by_side, workers) = batch::share(threads, rows.fewer_than(threads));
    let state = state(workers);
    let place = rows.place().to_owned();
    let mut console = Console::new();
    let mut outcome = Outcome::Passed;
    let mut first = true;
    let bar = progress::bytes(rows.file_bytes());
    let work = |Numbered { number, bytes, row }: Numbered| {
        let result = row.and_then(|row| answer(&state, &row, number));
        (if alone { result } else { result.at(format_args!("{place} {number}")) }, bytes)
    };
    let mut take = |result: Result<String>| match result {
        Ok(lines) => {
            if !first && separator == Separator::EmptyLine {
                console.line("")?;
            }
            first = false;
            console.text(&lines)?;
            // Whoever feeds lines one by one waits for the answer to each.
            console.flush()
        }
        Err(error @ Error::Message(_)) => {
            bar.suspend(|| error.report());
            outcome = Outcome::BadRows;
            Ok(())
        }
        Err(error) => Err(error),
    };
    let ended = batch::map(rows, side_by_side, work, |(result, bytes)| {
        bar.inc(bytes);
        match take(result) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    });
    bar.finish_and_clear();
    match ended {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(outcome),
    }
}
