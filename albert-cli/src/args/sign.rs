//! Options of `generate-key`, `sign` and `verify`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct GenerateKey {
    /// File for the private key; the public key goes beside it, as FILE.pub
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Sign {
    /// Model, head or index file
    pub(crate) model: PathBuf,
    /// Private key: PEM text, as generate-key and openssl write it
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// File to write [default: the model file itself]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Model, head or index file
    pub(crate) model: PathBuf,
    /// Public key of the maker: PEM text
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
}
