//! Hands the board's memory map to the linker.

use std::path::PathBuf;

fn main() {
    let boards = ["mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547", "virt-riscv32"];
    let chosen = |board: &&str| {
        let feature = format!("CARGO_FEATURE_{}", board.to_uppercase().replace('-', "_"));
        std::env::var_os(feature).is_some()
    };
    let board = boards.into_iter().find(chosen).expect("choose a board: --features board/mps2-an386");
    let map = PathBuf::from("memory").join(format!("{board}.x"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::copy(&map, out.join("memory.x")).expect("the memory map can be copied");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rerun-if-changed={}", map.display());
}
