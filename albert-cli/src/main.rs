//! The `albert` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    albert_edge_cli::run(std::env::args_os()).into()
}
