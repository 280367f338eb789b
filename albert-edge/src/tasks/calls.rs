//! What all tasks have in common: how they are made, and batches.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use crate::batch;
use crate::engine::{Engine, Event};
use crate::error::{Error, Result};

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

pub(super) use {batches, task};

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
        Some(Error::Cancelled) => Err(Error::Cancelled),
        Some(error) => Err(Error::Row { index: results.len(), error: Box::new(error) }),
        None => outcome.map(|()| results),
    }
}

/// Hands results to `take` in order until it breaks.
pub(crate) fn run_each<I: Iterator + Send, T: Send>(
    engine: &Engine,
    items: I,
    mut take: impl FnMut(Result<T>) -> ControlFlow<()> + Send,
    run: impl Fn(Engine, I::Item) -> Result<T> + Sync,
) -> Result<()> {
    let known = match items.size_hint() {
        (low, Some(high)) if low == high => Some(low),
        _ => None,
    };
    let (side_by_side, workers) = batch::share(engine.max_threads(), known);
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
