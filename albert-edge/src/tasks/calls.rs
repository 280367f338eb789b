//! What all tasks have in common: how they are made, and batches.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use albert_core::Session;

use crate::batch;
use crate::engine::{Engine, Event, Tokens};
use crate::error::{Error, Result};

/// Most inputs that run together.
const TOGETHER: usize = 16;

/// Constructors of a task, and the engine's options by its own builder.
macro_rules! task {
    ($name:ident, $task:ident) => {
        impl $name {
            /// The task with all cores and the pipeline's defaults.
            ///
            /// # Errors
            /// As [`Task::check`](crate::Task::check): the model does not serve the task.
            pub fn new(model: &$crate::Model) -> $crate::Result<Self> {
                Self::with_engine($crate::Engine::new(model))
            }

            /// The task with an engine that was set up otherwise.
            ///
            /// # Errors
            /// As [`Self::new`].
            pub fn with_engine(engine: $crate::Engine) -> $crate::Result<Self> {
                $crate::Task::$task.check(engine.model())?;
                Ok(Self::on(engine))
            }

            /// The engine that runs the model.
            pub fn engine(&self) -> &$crate::Engine {
                &self.engine
            }

            /// Most threads that a call uses; see [`Engine::threads`](crate::Engine::threads).
            pub fn threads(mut self, threads: usize) -> Self {
                self.engine = self.engine.threads(threads);
                self
            }

            /// A callback that follows calls and can cancel them; see [`Engine::watch`](crate::Engine::watch).
            pub fn watch(
                mut self,
                watch: impl Fn($crate::Event) -> core::ops::ControlFlow<()> + Send + Sync + 'static,
            ) -> Self {
                self.engine = self.engine.watch(watch);
                self
            }
        }
    };
}

/// `run_batch` and `run_each` of a task over items of a type; the expression is how one is run.
macro_rules! batches {
    ($name:ident, <$($generic:ident: [$($bound:tt)+]),+> $input:ty, $output:ty, |$task:ident, $item:ident| $run:expr) => {
        $crate::tasks::calls::each_of!($name, <$($generic: [$($bound)+]),+> $input, $output, |$task, $item| $run);

        impl $name {
            /// Runs all inputs on all threads; results are in the order of the inputs.
            ///
            /// # Errors
            /// That of the first input that fails, as [`Error::Row`](crate::Error::Row).
            pub fn run_batch<I, $($generic: $($bound)+),+>(
                &self,
                inputs: I,
            ) -> $crate::Result<alloc::vec::Vec<$output>>
            where
                I: IntoIterator<IntoIter: Send, Item = $input>,
            {
                $crate::tasks::calls::run_batch(&self.engine, inputs.into_iter(), |engine, $item| {
                    let $task = Self { engine, ..self.clone() };
                    $run
                })
            }
        }
    };
}

/// `run_each` of a task, as [`batches`].
macro_rules! each_of {
    ($name:ident, <$($generic:ident: [$($bound:tt)+]),+> $input:ty, $output:ty, |$task:ident, $item:ident| $run:expr) => {
        impl $name {
            /// Runs inputs on all threads as they come, and hands each result to `take` in order, until it breaks. Memory is
            /// bounded: at most 16 inputs for each thread are under way.
            ///
            /// # Errors
            /// [`Error::Cancelled`](crate::Error::Cancelled), when `take` or the watch ended the call.
            pub fn run_each<I, $($generic: $($bound)+),+>(
                &self,
                inputs: I,
                take: impl FnMut($crate::Result<$output>) -> core::ops::ControlFlow<()> + Send,
            ) -> $crate::Result<()>
            where
                I: IntoIterator<IntoIter: Send, Item = $input>,
            {
                $crate::tasks::calls::run_each(&self.engine, inputs.into_iter(), take, |engine, $item| {
                    let $task = Self { engine, ..self.clone() };
                    $run
                })
            }
        }
    };
}

pub(super) use {batches, each_of, task};

/// Results of all items, or the first error and the index of its item.
pub(crate) fn run_batch<I: Iterator + Send, T: Send>(
    engine: &Engine,
    items: I,
    run: impl Fn(Engine, I::Item) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut results = Vec::new();
    let mut failed = None;
    let take = |result| {
        match result {
            Ok(result) => results.push(result),
            Err(error) => failed = Some(error),
        }
        if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let outcome = run_each(engine, items, take, run);
    match failed {
        Some(error) => Err(of_row(error, results.len())),
        None => outcome.map(|()| results),
    }
}

fn of_row(error: Error, index: usize) -> Error {
    match error {
        Error::Cancelled => Error::Cancelled,
        error => Error::Row { index, error: Box::new(error) },
    }
}

/// As [`run_batch`], for a task that runs one input for each item: short inputs run together. `encode` makes the input of an item, and
/// `finish` reads the result of input `index` of a run.
pub(crate) fn run_batch_together<I: Iterator<Item: Send> + Send, T: Send>(
    engine: &Engine,
    items: I,
    encode: impl Fn(I::Item) -> Result<Tokens> + Sync,
    finish: impl Fn(&mut Session<'_, '_>, usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let known = known(&items);
    let (side_by_side, workers) = batch::share(engine.max_threads(), known);
    // A few for each thread, so that none waits long for the others.
    let size = known.map_or(TOGETHER, |rows| rows / (2 * side_by_side)).clamp(1, TOGETHER);
    let mut results = Vec::new();
    let mut failed = None;
    let outcome = batch::map(
        Chunks { items, size },
        side_by_side,
        |chunk: Vec<I::Item>| {
            let engine = engine.clone().threads(workers);
            engine.run_together(chunk.into_iter().map(&encode), &finish)
        },
        |chunk: Vec<Result<T>>| {
            for result in chunk {
                match result.map_err(|error| of_row(error, results.len())) {
                    Ok(result) => results.push(result),
                    Err(error) => failed = Some(error),
                }
                if failed.is_some() || engine.tell(Event::Rows(results.len())).is_err() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        },
    );
    match failed {
        Some(error) => Err(error),
        None if outcome.is_break() => Err(Error::Cancelled),
        None => Ok(results),
    }
}

/// The items in groups of `size`; the last group may be smaller.
struct Chunks<I> {
    items: I,
    size: usize,
}

impl<I: Iterator> Iterator for Chunks<I> {
    type Item = Vec<I::Item>;

    fn next(&mut self) -> Option<Vec<I::Item>> {
        let chunk: Vec<I::Item> = self.items.by_ref().take(self.size).collect();
        (!chunk.is_empty()).then_some(chunk)
    }
}

/// How many items there are, if that is known.
fn known(items: &impl Iterator) -> Option<usize> {
    match items.size_hint() {
        (low, Some(high)) if low == high => Some(low),
        _ => None,
    }
}

/// Hands results to `take` in order until it breaks.
pub(crate) fn run_each<I: Iterator + Send, T: Send>(
    engine: &Engine,
    items: I,
    mut take: impl FnMut(Result<T>) -> ControlFlow<()> + Send,
    run: impl Fn(Engine, I::Item) -> Result<T> + Sync,
) -> Result<()> {
    let (side_by_side, workers) = batch::share(engine.max_threads(), known(&items));
    let mut done = 0;
    let outcome = batch::map(
        items,
        side_by_side,
        |item| run(engine.clone().threads(workers), item),
        |result| {
            done += 1;
            take(result)?;
            if engine.tell(Event::Rows(done)).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    if outcome.is_break() { Err(Error::Cancelled) } else { Ok(()) }
}
