//! The model file: bytes to a checked model that borrows them. `docs/format.md` is the specification.

pub mod layout;
