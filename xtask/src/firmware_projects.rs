//! Example projects for boards that people have: each is built as it stands. None is run; QEMU has no such boards.

use crate::toolchain::{captured, check, firmware_cargo, root, target_dir};
use std::process::Command;

const FOLDER: &str = "firmware/projects";
/// Folders, and the target that each has in its `.cargo/config.toml`.
const PROJECTS: [(&str, &str); 5] = [
    ("rp2350", "thumbv8m.main-none-eabihf"),
    ("nrf52840", "thumbv7em-none-eabihf"),
    ("stm32h743", "thumbv7em-none-eabihf"),
    ("esp32c3", "riscv32imc-unknown-none-elf"),
    ("esp32c6", "riscv32imac-unknown-none-elf"),
];

/// Builds all of them.
pub(crate) fn run() -> Result<(), String> {
    for (name, target) in PROJECTS {
        println!("== project, {name}");
        let mut build = firmware_cargo("build", target)?;
        check(build.current_dir(root().join(FOLDER).join(name)).arg("--release"))?;
        let image = target_dir().join(target).join("release").join(name);
        print!("{}", captured(Command::new("llvm-size").arg(&image))?);
    }
    Ok(())
}
