//! A stream of rows to a stream of results: what `run` and `tokenize` have in common.

use std::ops::ControlFlow;

use albert_edge::batch;
use serde::Serialize;

use crate::console::{Console, json};
use crate::error::{Error, Outcome, Result};
use crate::output::{Done, LineFile};
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

/// Where results go.
pub(super) enum Destination {
    /// Standard output.
    Console { console: Console, separator: Separator, first: bool },
    /// A file, which has the errors of rows, too.
    File(LineFile),
}

/// What a file has for a row that cannot be done.
#[derive(Serialize)]
struct Failed<'e> {
    error: &'e str,
    row: usize,
}

impl Destination {
    pub(super) fn console(separator: Separator) -> Self {
        Self::Console { console: Console::new(), separator, first: true }
    }

    fn add(&mut self, lines: &str) -> Result<()> {
        match self {
            Self::Console { console, separator, first } => {
                if !*first && *separator == Separator::EmptyLine {
                    console.line("")?;
                }
                *first = false;
                console.text(lines)?;
                // Whoever feeds lines one by one waits for the answer to each.
                console.flush()
            }
            Self::File(file) => file.add(lines),
        }
    }

    fn add_error(&mut self, error: &str, row: usize) -> Result<()> {
        match self {
            Self::Console { .. } => Ok(()),
            Self::File(file) => file.add(&(json(&Failed { error, row }) + "\n")),
        }
    }
}

/// Writes what `answer` makes of each row, in order, and passes over those that are done. A row that fails is reported and the
/// others go on. `state` is called once, with the number of threads that each row has.
pub(super) fn answer_all<S: Sync>(
    mut rows: Rows,
    done: Done,
    threads: usize,
    mut destination: Destination,
    state: impl FnOnce(usize) -> S,
    answer: impl Fn(&S, &Row, usize) -> Result<String> + Sync,
) -> Result<Outcome> {
    let alone = rows.known_len() == Some(1);
    let place = rows.place().to_owned();
    let found = rows.skip_rows(done.rows);
    if found < done.rows {
        return Err(Error::new(format_args!(
            "{place} {found} is the last one, and the output has results of {} rows: it is of other data",
            done.rows
        )));
    }
    let (side_by_side, workers) = batch::share(threads, rows.fewer_than(threads));
    let state = state(workers);
    let mut outcome = if done.bad { Outcome::BadRows } else { Outcome::Passed };
    let bar = progress::bytes(rows.file_bytes());
    let work = |Numbered { number, bytes, row }: Numbered| {
        let result = row.and_then(|row| answer(&state, &row, number));
        (result, number, bytes)
    };
    let mut take = |result: Result<String>, number: usize| match result {
        Ok(lines) => destination.add(&lines),
        Err(error @ Error::Message(_)) => {
            destination.add_error(&error.to_string(), number)?;
            let error = if alone { error } else { Error::new(format_args!("{place} {number}: {error}")) };
            bar.suspend(|| error.report());
            outcome = Outcome::BadRows;
            Ok(())
        }
        Err(error) => Err(error),
    };
    let ended = batch::map(rows, side_by_side, work, |(result, number, bytes)| {
        bar.inc(bytes);
        match take(result, number) {
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
