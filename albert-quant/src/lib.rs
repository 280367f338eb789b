//! Hugging Face ALBERT checkpoints to model files for `albert-core`.
