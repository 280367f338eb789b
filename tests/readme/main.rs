//! The program that README.md shows.

include!("program.rs");
