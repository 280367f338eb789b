//! Classifiers from examples, on an encoder that is loaded. `include/albert_fit.h` is made from this folder.

mod error;
mod example;
mod fitted;
mod options;

pub use example::*;
pub use fitted::*;
pub use options::*;
