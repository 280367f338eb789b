//! `albert run`: texts to answers.

mod choose;

use std::path::Path;

use albert_edge::{Engine, Pipeline};

use super::rows::{self, Destination, Separator};
use super::threads;
use crate::args::{Columns, Run};
use crate::error::{Error, Outcome, Result, warn};
use crate::explain::{explain, open_with_head, verify};
use crate::output::{Done, LineFile};
use crate::rows::{Row, Rows};
use crate::show;

/// Bytes of a model file whose checksum is compared before every run: that takes less than 2 ms.
const QUICKLY_VERIFIED: usize = 4 << 20;

pub(super) fn run(args: &Run) -> Result<Outcome> {
    let model = open_with_head(&args.model, args.head.as_deref())?;
    if args.verify || model.bytes().len() <= QUICKLY_VERIFIED {
        verify(&model, &args.model)?;
    }
    let options = args.options.options();
    let exit = args.exit.policy();
    let task = choose::task(args, &model, &options)?;
    let mut rows = Rows::open(&args.source, args.rows.clone(), &Columns::from(&args.columns))?;
    // With more rows, the next would map again what one gives back.
    let lone = rows.fewer_than(2).is_some_and(|rows| rows < 2);
    let engine = Engine::new(&model).kernels(args.isa.kernels).layers(args.layers).release_pages(lone);
    let engine = engine.early_exit(exit).map_err(|error| explain(&error, Some(task)))?;
    let lists = show::lists(task, options.top_k);
    let targets = options.targets.clone().unwrap_or_default();
    let pipeline = Pipeline::with_options(engine, task, &options).map_err(|error| explain(&error, Some(task)))?;
    warn_of_targets(&pipeline, &targets, "")?;
    let json = args.json || args.output.is_some();
    let separator = if !json && lists { Separator::EmptyLine } else { Separator::None };
    let (destination, done) = destination(args, separator)?;
    let answer = |pipeline: &Pipeline, Row { request, .. }: &Row, number| {
        warn_of_targets(pipeline, &request.targets, &format!("row {number}: "))?;
        let response = pipeline.run(request).map_err(|error| explain(&error, Some(task)))?;
        Ok(show::response(&response, number, json))
    };
    let state = |workers| pipeline.clone().threads(workers);
    rows::answer_all(rows, done, threads(args.threads), destination, state, answer)
}

/// Where results go, and the rows whose results are there already.
fn destination(args: &Run, separator: Separator) -> Result<(Destination, Done)> {
    let Some(output) = &args.output else { return Ok((Destination::console(separator), Done::default())) };
    if !args.resume {
        return Ok((Destination::File(LineFile::create(output)?), Done::default()));
    }
    let inputs = [Some(args.model.as_path()), args.head.as_deref(), args.source.file.as_deref()];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().collect();
    let (file, done) = LineFile::resume(output, &inputs)?;
    Ok((Destination::File(file), done))
}

/// Warns of targets that are not in the vocabulary, and names the token used instead.
fn warn_of_targets(pipeline: &Pipeline, targets: &[String], place: &str) -> Result<()> {
    if targets.is_empty() {
        return Ok(());
    }
    let found = pipeline.find_targets(targets).map_err(|error| explain(&error, None))?;
    let tokenizer = pipeline.engine().tokenizer().map_err(Error::new)?;
    for target in found.iter().filter(|target| !target.known) {
        let stead = target.token.and_then(|id| tokenizer.id_to_token(id));
        warn(match stead {
            Some(token) => {
                format!("{place}the target {:?} is not in the vocabulary; {token:?} stands for it", target.target)
            }
            None => format!("{place}the target {:?} has no token; it is left out", target.target),
        });
    }
    Ok(())
}
