//! The `albert` command.

fn main() {}
