//! What all tasks have in common: how they are made, and batches.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use albert_core::{Positions, Session};

use crate::batch;
use crate::engine::{Engine, Event, Tokens};
use crate::error::{Error, Result};
use crate::text::Text;

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

/// `run_batch` and `run_each` of a [`Single`] task over texts and pairs.
macro_rules! singles {
    ($name:ident, $output:ty) => {
        $crate::tasks::calls::each_of!($name, <T: [AsText]> T, $output, |task, text| task.run(text));

        impl $name {
            /// Runs all inputs on all threads, short ones together; results are in the order of the inputs.
            ///
            /// # Errors
            /// That of the first input that fails, as [`Error::Row`](crate::Error::Row).
            pub fn run_batch<I, T>(&self, inputs: I) -> $crate::Result<alloc::vec::Vec<$output>>
            where
                I: IntoIterator<IntoIter: Send, Item = T>,
                T: AsText + Send,
            {
                let encode = |text: T| self.encode(text.as_text());
                $crate::tasks::calls::run_batch_together(self, &self.engine, inputs.into_iter(), encode)
            }
        }
    };
}

pub(super) use {batches, each_of, singles, task};

/// A task that runs one input for each item, so that short inputs of a batch can run together.
pub(crate) trait Single: Sync {
    type Output: Send;

    /// Positions that the result is made of.
    const POSITIONS: Positions<'static>;

    /// The input of a text or a pair.
    fn encode(&self, text: Text<'_>) -> Result<Tokens>;

    /// The result of input `index` of a run.
    fn read(&self, session: &mut Session<'_, '_>, index: usize) -> Result<Self::Output>;
}

/// The result of one text or pair.
pub(super) fn run_single<S: Single>(task: &S, engine: &Engine, text: Text<'_>) -> Result<S::Output> {
    let tokens = task.encode(text)?;
    let input = tokens.input().with_positions(S::POSITIONS);
    engine.run(&input, tokens.len(), |session| task.read(session, 0))
}

/// Results of a batch, up to the first error.
struct Gathered<T> {
    results: Vec<T>,
    failed: Option<Error>,
}

impl<T> Gathered<T> {
    const fn new() -> Self {
        Self { results: Vec::new(), failed: None }
    }

    fn take(&mut self, result: Result<T>) -> ControlFlow<()> {
        match result {
            Ok(result) => {
                self.results.push(result);
                ControlFlow::Continue(())
            }
            Err(error) => {
                self.failed = Some(of_row(error, self.results.len()));
                ControlFlow::Break(())
            }
        }
    }

    /// All results, or the first error; `outcome` says whether the call was cancelled.
    fn end(self, outcome: Result<()>) -> Result<Vec<T>> {
        match self.failed {
            Some(error) => Err(error),
            None => outcome.map(|()| self.results),
        }
    }
}

fn of_row(error: Error, index: usize) -> Error {
    match error {
        Error::Cancelled => Error::Cancelled,
        error => Error::Row { index, error: Box::new(error) },
    }
}

/// Results of all items, or the first error and the index of its item.
pub(crate) fn run_batch<I: Iterator + Send, T: Send>(
    engine: &Engine,
    items: I,
    run: impl Fn(Engine, I::Item) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut gathered = Gathered::new();
    let outcome = run_each(engine, items, |result| gathered.take(result), run);
    gathered.end(outcome)
}

/// As [`run_batch`], with short inputs together. `encode` makes the input of an item.
pub(crate) fn run_batch_together<S: Single, I: Iterator<Item: Send> + Send>(
    task: &S,
    engine: &Engine,
    items: I,
    encode: impl Fn(I::Item) -> Result<Tokens> + Sync,
) -> Result<Vec<S::Output>> {
    let known = known(&items);
    let (side_by_side, workers) = batch::share(engine.max_threads(), known);
    // A few for each thread, so that none waits long for the others.
    let size = known.map_or(TOGETHER, |rows| rows / (2 * side_by_side)).clamp(1, TOGETHER);
    let mut gathered = Gathered::new();
    let outcome = batch::map(
        Chunks { items, size },
        side_by_side,
        |chunk: Vec<I::Item>| {
            let engine = engine.clone().threads(workers);
            engine
                .run_together(chunk.into_iter().map(&encode), S::POSITIONS, |session, index| task.read(session, index))
        },
        |chunk: Vec<Result<S::Output>>| {
            for result in chunk {
                gathered.take(result)?;
                if engine.tell(Event::Rows(gathered.results.len())).is_err() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        },
    );
    gathered.end(if outcome.is_break() { Err(Error::Cancelled) } else { Ok(()) })
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
