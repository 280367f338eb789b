//! Checkpoints by hub id, from a cache and from a server on this machine.

mod cached;
mod downloads;
mod hostile;
mod modules;
mod refusals;
mod server;
mod support;
