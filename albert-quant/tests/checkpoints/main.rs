//! Checkpoints that the tests write themselves, through the whole converter.

mod containers;
mod convert;
mod errors;
mod schemes;
mod support;
mod synthetic;
