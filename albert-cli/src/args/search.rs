//! Options of `index` and `search`.

use std::path::PathBuf;

use clap::Args;

use super::Isa;

#[derive(Args, Debug)]
pub(crate) struct Index {
    /// Model that makes the embeddings
    pub(crate) model: PathBuf,
    /// Texts, one a line, or rows with a "text"
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Index file to write
    #[arg(short, long, value_name = "INDEX")]
    pub(crate) output: PathBuf,
    /// Threads [default: all]
    #[arg(long, value_name = "N", value_parser = super::values::at_least_one)]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) isa: Isa,
}

#[derive(Args, Debug)]
pub(crate) struct Search {
    /// Index file
    pub(crate) index: PathBuf,
    /// Model that made it
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// What to look for
    #[arg(value_name = "TEXT", required = true)]
    pub(crate) texts: Vec<String>,
    /// Texts to show
    #[arg(long, value_name = "K", default_value = "5", value_parser = super::values::at_least_one)]
    pub(crate) top_k: usize,
    /// Print lines of JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) isa: Isa,
}
