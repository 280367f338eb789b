//! Windows programs on this machine, by Wine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::files::{make, write};
use crate::toolchain::check;

/// Rust's standard library takes random numbers from this library of Windows 10, which Wine 8 lacks: one that asks an older one.
const RANDOM: &str = "\
#include <stddef.h>
int __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(void *bytes, size_t count) {
    return SystemFunction036(bytes, (unsigned long)count);
}
";

/// The C compiler for Windows.
pub(crate) const CC: &str = "x86_64-w64-mingw32-gcc";
/// What starts a program.
pub(crate) const RUNNER: &str = "wine";

/// A Windows of its own in a folder.
#[derive(Debug)]
pub(crate) struct Wine {
    folder: PathBuf,
    library: PathBuf,
}

impl Wine {
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, String> {
        let library = folder.join("library");
        let (source, made) = (library.join("random.c"), library.join("bcryptprimitives.dll"));
        if !made.exists() {
            make(&library)?;
            write(&source, RANDOM)?;
            check(Command::new(CC).args(["-shared", "-O1", "-o"]).arg(&made).arg(&source).arg("-ladvapi32"))?;
        }
        Ok(Self { folder: folder.join("prefix"), library })
    }

    /// The environment of Wine. The first program takes longer: it makes the folder.
    pub(crate) fn environment(&self, command: &mut Command) {
        command.env("WINEPREFIX", &self.folder).env("WINEPATH", &self.library).env("WINEDEBUG", "-all");
        // No window appears for what Wine would like to install.
        command.env("WINEDLLOVERRIDES", "mscoree,mshtml=").env_remove("DISPLAY");
    }

    /// Starts a program, with nothing to read.
    pub(crate) fn start(&self, program: &Path) -> Command {
        let mut wine = Command::new(RUNNER);
        wine.arg(program).stdin(Stdio::null());
        self.environment(&mut wine);
        wine
    }
}
