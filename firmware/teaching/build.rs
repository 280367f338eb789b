//! The startup code's linker script.

fn main() {
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
}
