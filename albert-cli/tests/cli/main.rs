//! The `albert` command as its users see it: the real program, its output, its exit codes.

mod bad_input;
mod cost;
mod data;
mod eval;
mod harness;
mod hub;
mod languages;
mod measures;
mod outputs;
#[cfg(unix)]
mod outputs_unix;
mod own;
mod pipelines;
mod readme;
mod rows;
mod tasks;
mod verify_checkpoint;
