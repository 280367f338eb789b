//! candle as a bench worker: its BERT building blocks in ALBERT's arrangement, since it has no ALBERT of its own.

mod albert;

use candle_core::{Device, Tensor};
use clap::Parser;
use peer_protocol::{Engine, Task};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    task: Task,
    /// Layers.
    #[arg(long)]
    layers: usize,
    /// Attention heads.
    #[arg(long)]
    heads: usize,
    /// Quantize the matrices to Q8_0 blocks.
    #[arg(long)]
    quantized: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let task = &arguments.task;
    peer_protocol::serve(task, || {
        let model = albert::Albert::load(&task.model, arguments.layers, arguments.heads, arguments.quantized)?;
        let ids: Vec<u32> = (0..task.batch).flat_map(|index| task.ids(index)).collect();
        let ids = Tensor::from_vec(ids, (task.batch, task.tokens), &Device::Cpu)?;
        let run = move || Ok(model.forward(&ids)?.get(0)?.to_vec1()?);
        Ok(Engine { kernels: String::new(), run: Box::new(run) })
    })
}
