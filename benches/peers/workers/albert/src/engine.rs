//! Sessions over a mapped model file: one whose steps are spread over the threads, or for a batch one on each thread.

use std::fs::File;

use albert_core::executor::Rayon;
use albert_core::kernels::{self, Kernels};
use albert_core::{Input, Model, Plan, Session};
use anyhow::{Result, anyhow};
use memmap2::Mmap;
use peer_protocol::{Engine, Task};
use rayon::prelude::*;

/// A session aligns its arena itself when it has this many bytes to spare.
const ALIGNMENT_SLACK: usize = 63;

/// Loads the model and plans for the task's shape. What sessions borrow lives as long as the process.
pub(crate) fn load(task: &Task, isa: &str, tile_rows: usize) -> Result<Engine<'static>> {
    let file = File::open(&task.model)?;
    // SAFETY: the file is not written while the process runs.
    let bytes = Box::leak(Box::new(unsafe { Mmap::map(&file)? }));
    let model = Box::leak(Box::new(Model::from_bytes(bytes).map_err(|error| anyhow!("{error:?}"))?));
    let kernels = match isa {
        "auto" => kernels::detect(),
        name => kernels::by_name(name).map_err(|error| anyhow!("kernel set {name}: {error:?}"))?,
    };
    if task.threads > 1 {
        rayon::ThreadPoolBuilder::new().num_threads(task.threads).build_global()?;
    }
    let plan = Plan::new(model.config(), task.tokens).with_tile_rows(tile_rows);
    let run =
        if task.batch > 1 { across_sequences(task, model, plan, kernels)? } else { one(task, model, plan, kernels)? };
    Ok(Engine { kernels: kernels.name().to_owned(), run })
}

type Run = Box<dyn FnMut() -> Result<Vec<f32>>>;

fn session(model: &'static Model<'static>, plan: Plan, kernels: Kernels) -> Result<Session<'static, 'static>> {
    let arena = vec![0; plan.arena_bytes() + ALIGNMENT_SLACK].leak();
    Session::with_kernels(model, plan, arena, kernels).map_err(|error| anyhow!("{error:?}"))
}

fn logits(session: &mut Session<'_, '_>, ids: &[u32]) -> Result<Vec<f32>> {
    let output = session.run(&Input::new(ids)).map_err(|error| anyhow!("{error:?}"))?;
    Ok(output.logits().to_vec())
}

fn one(task: &Task, model: &'static Model<'static>, plan: Plan, kernels: Kernels) -> Result<Run> {
    let mut session = session(model, plan.with_workers(task.threads), kernels)?;
    if task.threads > 1 {
        session.execute_on(&Rayon);
    }
    let ids = task.ids(0);
    Ok(Box::new(move || logits(&mut session, &ids)))
}

/// Each thread runs its share of the sequences, from the first to the last.
fn across_sequences(task: &Task, model: &'static Model<'static>, plan: Plan, kernels: Kernels) -> Result<Run> {
    let sequences: Vec<Vec<u32>> = (0..task.batch).map(|index| task.ids(index)).collect();
    let mut sessions = (0..task.threads).map(|_| session(model, plan, kernels)).collect::<Result<Vec<_>>>()?;
    let share = task.batch.div_ceil(task.threads);
    Ok(Box::new(move || {
        let shares = sessions.par_iter_mut().zip(sequences.par_chunks(share));
        let all =
            shares.map(|(session, share)| share.iter().map(|ids| logits(session, ids)).collect::<Result<Vec<_>>>());
        let all = all.collect::<Result<Vec<_>>>()?;
        all.into_iter().flatten().next().ok_or_else(|| anyhow!("an empty batch"))
    }))
}
