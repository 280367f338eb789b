//! Executors of all manners: tasks in any order, twice, left out, or on threads. Nothing panics; an executor that runs each task
//! once gives the bits of one worker.
#![no_main]

use albert_core::executor::{Executor, Serial, Threads};
use albert_core::{Input, Model, Plan, Positions, Progress, Session};
use albert_fuzz::{models, script::Script};
use albert_tests::aligned::Aligned;
use std::sync::{Mutex, OnceLock};

albert_fuzz::target!(init: (models::all(), threads()), |bytes| check(bytes));

/// More than any run has.
const MOST_STEPS: usize = 100_000;

fn check(bytes: &[u8]) {
    let mut script = Script(bytes);
    let files = models::all();
    let model = Model::from_bytes(&files[script.below(files.len())]).expect("a valid model");
    let (workers, tile_rows) = (1 + script.below(16), 1 + script.below(20));
    let limit = model.config().max_position_embeddings as usize;
    let ids: Vec<u32> =
        script.bytes(64).iter().map(|&id| u32::from(id) % model.config().vocab_size).take(limit).collect();
    if ids.is_empty() {
        return;
    }
    let plan = Plan::new(model.config(), ids.len()).with_tile_rows(tile_rows).with_workers(workers);
    let expected = run(&model, plan.with_workers(1), &Serial, &ids);
    match script.below(3) {
        0 => {
            let threads = threads();
            assert_eq!(run(&model, plan, &threads[script.below(threads.len())], &ids), expected);
        }
        1 => assert_eq!(run(&model, plan, &Scripted::new(true, script.0), &ids), expected),
        _ => drop(run(&model, plan, &Scripted::new(false, script.0), &ids)),
    }
}

/// The bits of the hidden states; none when the run does not end.
fn run(model: &Model<'_>, plan: Plan, executor: &dyn Executor, ids: &[u32]) -> Vec<u32> {
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(model, plan, &mut arena).expect("the planned arena");
    session.set_executor(executor);
    session.start(&Input::new(ids).with_positions(Positions::All)).expect("a valid input");
    for _ in 0..MOST_STEPS {
        if session.step() == Progress::Done {
            let output = session.output().expect("done");
            return output.last_hidden_state().iter().map(|value| value.to_bits()).collect();
        }
    }
    Vec::new()
}

/// Kept for all inputs: starting threads takes longer than running a model.
fn threads() -> &'static [Threads] {
    static THREADS: OnceLock<Vec<Threads>> = OnceLock::new();
    THREADS.get_or_init(|| [2, 3, 8].map(|count| Threads::new(count).expect("threads")).into())
}

/// Does what a script says; with `once`, all tasks once in some order.
struct Scripted<'s> {
    once: bool,
    script: Mutex<Script<'s>>,
}

impl<'s> Scripted<'s> {
    fn new(once: bool, bytes: &'s [u8]) -> Self {
        Self { once, script: Mutex::new(Script(bytes)) }
    }

    fn below(&self, limit: usize) -> usize {
        self.script.lock().expect("nobody panics with it").below(limit)
    }
}

impl Executor for Scripted<'_> {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        if self.once {
            let first = self.below(tasks.max(1));
            (first..tasks).chain(0..first).for_each(task);
            return;
        }
        for _ in 0..self.below(2 * tasks + 1) {
            task(self.below(tasks + 1));
        }
    }
}
