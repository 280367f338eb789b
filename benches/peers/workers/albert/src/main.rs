//! This library as a bench worker.

mod engine;

use clap::Parser;
use peer_protocol::Task;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    task: Task,
    /// Kernel set, or `auto` for the best that the CPU runs.
    #[arg(long, default_value = "auto")]
    isa: String,
    /// Rows of a tile, instead of those that suit computers.
    #[arg(long)]
    tile_rows: Option<usize>,
}

fn main() -> anyhow::Result<()> {
    let Arguments { task, isa, tile_rows } = Arguments::parse();
    peer_protocol::serve(&task, || engine::load(&task, &isa, tile_rows))
}
