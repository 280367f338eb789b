//! rten as a bench worker.

use std::sync::Arc;

use clap::Parser;
use peer_protocol::{Engine, Task};
use rten::{ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    task: Task,
}

fn main() -> anyhow::Result<()> {
    let Arguments { task } = Arguments::parse();
    peer_protocol::serve(&task, || {
        let mut options = ModelOptions::with_all_ops();
        // Its fastest mode: every weight is packed for the kernels when the model is loaded.
        options.prepack_weights(true);
        let model = options.load_file(&task.model)?;
        let threads = Arc::new(ThreadPool::with_num_threads(task.threads));
        let shape = [task.batch, task.tokens];
        let ids: Vec<i32> = (0..task.batch).flat_map(|index| task.ids(index)).map(|id| id as i32).collect();
        let run = move || {
            let inputs = model
                .input_ids()
                .iter()
                .zip([NdTensor::from_data(shape, ids.clone()).into(), NdTensor::<i32, 2>::full(shape, 1).into()]);
            let inputs = inputs.map(|(&node, value)| (node, value)).collect();
            let options = RunOptions::default().with_thread_pool(Some(threads.clone()));
            let mut outputs = model.run(inputs, model.output_ids(), Some(options))?;
            let logits: NdTensor<f32, 2> = outputs.remove(0).try_into()?;
            Ok(logits.slice(0).iter().copied().collect())
        };
        Ok(Engine { kernels: String::new(), run: Box::new(run) })
    })
}
