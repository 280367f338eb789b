//! Virtual environments of Python for tools of the checks.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

use crate::toolchain::check;

/// An environment, made when it is not there yet by `XTASK_PYTHON`, else `python3`.
#[derive(Debug)]
pub(crate) struct Environment(PathBuf);

impl Environment {
    pub(crate) fn at(folder: PathBuf) -> Result<Self, String> {
        let environment = Self(folder);
        if !environment.python().exists() {
            let interpreter = std::env::var_os("XTASK_PYTHON").unwrap_or("python3".into());
            check(Command::new(interpreter).args(["-m", "venv"]).arg(&environment.0))?;
        }
        Ok(environment)
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.bin().join("python")
    }

    /// Where its programs are.
    pub(crate) fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// The search path with its programs before all others.
    pub(crate) fn path(&self) -> OsString {
        let others = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(std::iter::once(self.bin()).chain(std::env::split_paths(&others))).unwrap_or(others)
    }

    /// Installs packages; options of pip are possible, too.
    pub(crate) fn install(&self, packages: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<(), String> {
        let mut pip = Command::new(self.python());
        check(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages))
    }
}
