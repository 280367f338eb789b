//! `albert run`: texts to answers.

use super::rows::{self, Separator};
use super::threads;
use crate::args::Run;
use crate::engine::Engine;
use crate::error::{Error, Outcome, Result};
use crate::input::Rows;
use crate::model_file::ModelFile;
use crate::tasks::{Settings, Task};

pub(super) fn run(args: &Run) -> Result<Outcome> {
    let file = ModelFile::open(&args.model)?;
    let model = file.model()?;
    let task = Task::choose(args.task_name, &model)?;
    let exit = args.exit.policy();
    if exit.is_some() && task != Task::TextClassification {
        return Err(Error::new("--exit-patience and --exit-confidence are for text-classification"));
    }
    let settings = Settings { top_k: args.top_k, options: args.task.clone(), json: args.json };
    let mut rows = Rows::open(&args.source, args.rows.clone())?;
    let separator = if !args.json && task.lists(&settings) { Separator::EmptyLine } else { Separator::None };
    // With more rows, the next would map again what one gives back.
    let lone = rows.fewer_than(2).is_some_and(|rows| rows < 2);
    let releasing = lone.then(|| file.for_one_inference(&model));
    let engine = || Engine::new(&model, args.isa.kernels).with_layers(args.layers).with_exit(exit).releasing(releasing);
    rows::answer_all(rows, threads(args.threads), separator, engine, |engine, row, number| {
        task.answer(engine, row, number, &settings)
    })
}
