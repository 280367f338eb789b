//! Checkpoints that the tests write themselves, through the whole converter.

mod containers;
mod convert;
mod errors;
mod support;
mod synthetic;
