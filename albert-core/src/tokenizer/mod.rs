//! Text to ids, from tables in the model file.
