//! Checkpoints that the tests write themselves, through the whole converter.

mod convert;
mod errors;
mod support;
