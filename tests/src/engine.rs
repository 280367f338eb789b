//! The product, run on the fixtures' inputs.

use std::collections::BTreeMap;

use albert_core::config::Head;
use albert_core::executor::Executor;
use albert_core::kernels::{self, Kernels};
use albert_core::{Input, Model, Output, Plan, Positions, Progress, Session};

use crate::aligned::Aligned;
use crate::fixtures::Fixture;
use crate::reference::Sequence;

/// What is varied without changing the result.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Kernel set.
    pub kernels: Kernels,
    /// Rows of a tile.
    pub tile_rows: usize,
    /// Tiles that run side by side, each on a thread of its own.
    pub workers: usize,
    /// Positions that go through the last layer.
    pub positions: Positions<'a>,
    /// Layers, all unless given.
    pub layers: Option<u32>,
}

impl Default for Run<'_> {
    fn default() -> Self {
        let tile_rows = albert_core::plan::DEFAULT_TILE_ROWS;
        Self { kernels: kernels::detect(), tile_rows, workers: 1, positions: Positions::All, layers: None }
    }
}

/// A thread for each task; the last task starts first, so that no order is taken for granted.
#[derive(Clone, Copy, Debug)]
pub struct Threads;

impl Executor for Threads {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            // Joined one by one: ThreadSanitizer does not see how a scope waits, for the standard library is not instrumented.
            let threads: Vec<_> = (0..tasks).rev().map(|index| scope.spawn(move || task(index))).collect();
            threads.into_iter().for_each(|thread| thread.join().expect("a task panicked"));
        });
    }
}

/// Every kernel set that this CPU can run.
pub fn all_kernels() -> Vec<Kernels> {
    kernels::compiled().iter().filter_map(|set| set.kernels()).collect()
}

/// Results under the names of [`Reference::run`](crate::reference::Reference::run), for the attended positions that were
/// carried through.
pub type Results = BTreeMap<&'static str, Vec<f32>>;

/// A sequence in the engine's types.
#[derive(Debug)]
pub struct Tokens {
    ids: Vec<u32>,
    token_types: Vec<u32>,
    mask: Vec<u32>,
}

impl Tokens {
    /// The same tokens.
    pub fn new(sequence: &Sequence) -> Self {
        let narrow = |values: &[usize]| values.iter().map(|&value| value as u32).collect();
        let mask = sequence.mask.iter().map(|&keep| u32::from(keep)).collect();
        Self { ids: narrow(&sequence.ids), token_types: narrow(&sequence.token_types), mask }
    }

    /// As an input of a session.
    pub fn input(&self) -> Input<'_> {
        Input::new(&self.ids).with_token_types(&self.token_types).with_attention_mask(&self.mask)
    }
}

/// Runs the rows of a fixture, one after the other in one session.
///
/// # Panics
/// When the model is refused or an input is.
pub fn run(file: &[u8], sequences: &[Sequence], run: &Run<'_>) -> Vec<Results> {
    let model = Model::from_bytes(file).expect("a valid model file");
    let longest = sequences.iter().map(|sequence| sequence.ids.len()).max().unwrap_or(0);
    let plan = Plan::new(model.config(), longest).with_tile_rows(run.tile_rows).with_workers(run.workers);
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::with_kernels(&model, plan, &mut arena, run.kernels).expect("the planned arena");
    session.set_executor(&Threads);
    let each = sequences.iter().map(|sequence| {
        let tokens = Tokens::new(sequence);
        let input = tokens.input().with_positions(run.positions);
        let input = run.layers.map_or(input, |layers| input.with_layers(layers));
        session.start(&input).expect("a valid input");
        while session.step() == Progress::Running {}
        results(&mut session, 0, sequence)
    });
    each.collect()
}

/// Runs all sequences together.
///
/// # Panics
/// When the model is refused or an input is.
pub fn run_batch(file: &[u8], sequences: &[Sequence], run: &Run<'_>) -> Vec<Results> {
    let model = Model::from_bytes(file).expect("a valid model file");
    let lengths = || sequences.iter().map(|sequence| sequence.ids.len());
    let plan = Plan::new(model.config(), lengths().max().unwrap_or(0))
        .with_tile_rows(run.tile_rows)
        .with_workers(run.workers)
        .with_sequences(sequences.len(), lengths().sum());
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::with_kernels(&model, plan, &mut arena, run.kernels).expect("the planned arena");
    session.set_executor(&Threads);
    let tokens: Vec<Tokens> = sequences.iter().map(Tokens::new).collect();
    let inputs: Vec<Input<'_>> = tokens
        .iter()
        .map(|tokens| {
            let input = tokens.input().with_positions(run.positions);
            run.layers.map_or(input, |layers| input.with_layers(layers))
        })
        .collect();
    session.start_batch(&inputs).expect("valid inputs");
    while session.step() == Progress::Running {}
    assert_eq!(session.sequences(), sequences.len());
    sequences.iter().enumerate().map(|(index, sequence)| results(&mut session, index, sequence)).collect()
}

/// Takes the results of one sequence of a finished run out of the arena.
fn results(session: &mut Session<'_, '_>, index: usize, sequence: &Sequence) -> Results {
    let head = session.model().config().head;
    let output = session.output_of(index).expect("the session is done");
    let mut results = head_results(head, &output);
    // Position 0 is computed for the pooler even when it is masked; it is the last row then.
    let attended = output.positions().iter().filter(|&&position| sequence.mask[position as usize]).count();
    let hidden = &output.last_hidden_state()[..attended * output.hidden_size()];
    results.insert("last_hidden_state", hidden.to_vec());
    if let Some(pooled) = output.pooled() {
        results.insert("pooler_output", pooled.to_vec());
    }
    let per_token = matches!(head, Head::TokenClassification | Head::QuestionAnswering);
    if per_token {
        let rows = output.positions().len();
        results.iter_mut().filter(|(name, _)| name.ends_with("logits")).for_each(|(_, values)| {
            values.truncate(values.len() / rows.max(1) * attended);
        });
    }
    let name = match head {
        Head::MaskedLm => "logits",
        Head::PreTraining => "prediction_logits",
        _ => return results,
    };
    let mut logits = Vec::new();
    for row in 0..attended {
        let mut vocabulary = session.vocabulary_logits_of(index, row).expect("a masked-LM head");
        while let Some(chunk) = vocabulary.next_chunk() {
            logits.extend(chunk.logits);
        }
    }
    results.insert(name, logits);
    results
}

fn head_results(head: Head, output: &Output<'_>) -> Results {
    let logits = output.logits();
    match head {
        Head::None | Head::MaskedLm => Results::new(),
        Head::SequenceClassification | Head::MultipleChoice | Head::TokenClassification => {
            Results::from([("logits", logits.to_vec())])
        }
        Head::PreTraining => Results::from([("sop_logits", logits.to_vec())]),
        Head::QuestionAnswering => {
            let column = |first| logits.iter().copied().skip(first).step_by(2).collect();
            Results::from([("start_logits", column(0)), ("end_logits", column(1))])
        }
        other => unimplemented!("results of a head {other}"),
    }
}

/// The results of one row that a fixture has expectations for: name, result, expectation, both of the attended tokens.
pub fn expected<'r>(
    fixture: &'r Fixture,
    row: usize,
    results: &'r Results,
) -> impl Iterator<Item = (&'static str, Vec<f64>, Vec<f64>)> + 'r {
    results.iter().filter_map(move |(name, values)| {
        let expected = fixture.outputs.get(*name)?;
        let expected = fixture.attended(name, row, expected.row(row));
        Some((*name, values.iter().map(|&value| value.into()).collect(), expected))
    })
}
