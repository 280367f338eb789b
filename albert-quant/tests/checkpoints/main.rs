//! Checkpoints that the tests write themselves, through the whole converter.

mod containers;
mod convert;
mod errors;
mod family;
mod schemes;
mod support;
mod synthetic;
