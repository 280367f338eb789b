//! Sessions over a mapped model file: one whose steps are spread over the threads, or for a batch one on each thread.

use std::fs::File;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use albert_core::executor::{Executor, Threads};
use albert_core::kernels::{self, Kernels};
use albert_core::{Input, Model, Plan, Session};
use anyhow::{Result, anyhow};
use memmap2::Mmap;
use peer_protocol::{Engine, Task};

/// A session aligns its arena itself when it has this many bytes to spare.
const ALIGNMENT_SLACK: usize = 63;

/// Loads the model and plans for the task's shape. What sessions borrow lives as long as the process.
pub(crate) fn load(task: &Task, isa: &str, tile_rows: Option<usize>) -> Result<Engine<'static>> {
    let file = File::open(&task.model)?;
    // SAFETY: the file is not written while the process runs.
    let bytes = Box::leak(Box::new(unsafe { Mmap::map(&file)? }));
    let model = Box::leak(Box::new(Model::from_bytes(bytes).map_err(|error| anyhow!("{error:?}"))?));
    let kernels = match isa {
        "auto" => kernels::detect(),
        name => kernels::by_name(name).map_err(|error| anyhow!("kernel set {name}: {error:?}"))?,
    };
    let plan = Plan::new(model.config(), task.tokens);
    let plan = tile_rows.map_or(plan.with_large_tiles(), |rows| plan.with_tile_rows(rows));
    let run =
        if task.batch > 1 { across_sequences(task, model, plan, kernels)? } else { one(task, model, plan, kernels)? };
    Ok(Engine { kernels: kernels.name().to_owned(), run })
}

type Run = Box<dyn FnMut() -> Result<Vec<f32>>>;

fn session(model: &'static Model<'static>, plan: Plan, kernels: Kernels) -> Result<Session<'static, 'static>> {
    let arena = vec![0; plan.arena_bytes() + ALIGNMENT_SLACK].leak();
    Session::with_kernels(model, plan, arena, kernels).map_err(|error| anyhow!("{error:?}"))
}

/// The logits of the model's labels, or of an encoder alone the mean of all tokens.
fn logits(session: &mut Session<'_, '_>, ids: &[u32]) -> Result<Vec<f32>> {
    let output = session.run(&Input::new(ids)).map_err(|error| anyhow!("{error:?}"))?;
    if !output.logits().is_empty() {
        return Ok(output.logits().to_vec());
    }
    let mut mean = vec![0.0; output.hidden_size()];
    for row in output.last_hidden_state().chunks_exact(output.hidden_size()) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += value / ids.len() as f32);
    }
    Ok(mean)
}

fn one(task: &Task, model: &'static Model<'static>, plan: Plan, kernels: Kernels) -> Result<Run> {
    let mut session = session(model, plan.with_workers(task.threads), kernels)?;
    if task.threads > 1 {
        session.set_executor(Box::leak(Box::new(Threads::new(task.threads)?)));
    }
    let ids = task.ids(0);
    Ok(Box::new(move || logits(&mut session, &ids)))
}

/// Each thread runs one sequence after another until none is left.
fn across_sequences(task: &Task, model: &'static Model<'static>, plan: Plan, kernels: Kernels) -> Result<Run> {
    let sequences: Vec<Vec<u32>> = (0..task.batch).map(|index| task.ids(index)).collect();
    let session = || Ok(Mutex::new(session(model, plan, kernels)?));
    let sessions = (0..task.threads).map(|_| session()).collect::<Result<Vec<_>>>()?;
    let threads = Threads::new(task.threads)?;
    Ok(Box::new(move || {
        let next = AtomicUsize::new(0);
        let first = Mutex::new(Err(anyhow!("an empty batch")));
        threads.run(sessions.len(), &|index| {
            let mut session = sessions[index].lock().expect("no session panics");
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(ids) = sequences.get(number) else { break };
                let logits = logits(&mut session, ids);
                if number == 0 || logits.is_err() {
                    *first.lock().expect("no session panics") = logits;
                }
            }
        });
        first.into_inner().expect("no session panics")
    }))
}
