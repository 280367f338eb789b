//! The Python package: the wheel in a new environment, its tests, and what type checkers say.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::Environment;
use crate::toolchain::{check, host_target_dir, root};

/// What builds the wheel and runs the tests.
const TOOLS: [&str; 10] = [
    "maturin==1.*",
    "numpy",
    "pytest",
    "pytest-timeout",
    "mypy==2.*",
    "pyright==1.1.*",
    "tqdm",
    // For the notebook.
    "nbclient",
    "ipykernel",
    "matplotlib",
];
/// What the rest of the tests take: other engines, data sets, and programs that run several processes.
const EXTRAS: [&str; 12] = [
    "pyarrow",
    "pandas",
    "datasets",
    "dask[dataframe,distributed]",
    "ray[data]",
    "transformers",
    "torch",
    "onnxruntime",
    "tokenizers",
    "scikit-learn",
    "scipy",
    "seqeval",
];

/// Builds and checks the package; with the tests that need other engines when `all`.
pub(crate) fn run(all: bool) -> Result<(), String> {
    let folder = root().join("python");
    let target = host_target_dir().join("python");
    let environment = Environment::at(target.join("environment"))?;
    let python = environment.python();
    environment.install(TOOLS)?;
    if all {
        environment.install(EXTRAS)?;
    }
    let wheels = target.join("wheels");
    // Wheels of earlier builds would be installed, too.
    let _ = std::fs::remove_dir_all(&wheels);
    let mut build = Command::new(&python);
    build
        .current_dir(&folder)
        .args(["-m", "maturin", "build", "--release", "--locked", "--strip", "--out"])
        .arg(&wheels);
    check(build.arg("--interpreter").arg(&python).env("CARGO_TARGET_DIR", &target).env("PATH", environment.path()))?;
    free_threaded(&folder, &target)?;
    let wheel = only_wheel(&wheels)?;
    environment.install(["--force-reinstall".as_ref(), "--no-deps".as_ref(), wheel.as_os_str()])?;
    let size = std::fs::metadata(&wheel).map_or(0, |metadata| metadata.len());
    println!("{}: {size} bytes", wheel.display());
    let tool = |name: &str| {
        let mut tool = Command::new(&python);
        tool.current_dir(&folder).args(["-m", name]).env("PATH", environment.path());
        tool
    };
    // The tests import the installed package: this folder has no native part, and is not on the path.
    let mut tests = tool("pytest");
    tests.args(["-q", "-p", "no:cacheprovider", "--timeout=300", "tests"]);
    if !all {
        tests.args(["-m", "not extra"]);
    }
    check(tests.env("PYTHONSAFEPATH", "1").env("PYTHONDONTWRITEBYTECODE", "1"))?;
    check(tool("mypy").env("MYPY_CACHE_DIR", target.join("mypy")))?;
    check(tool("pyright").arg("--pythonpath").arg(&python))
}

/// What a build for an interpreter without lock is made for, in PyO3's words.
const FREE_THREADED: &str = "implementation=CPython\nversion=3.14\nshared=true\nabi3=false\nbuild_flags=Py_GIL_DISABLED\n\
                             pointer_width=64\nsuppress_build_script_link_lines=true\n";

/// Compiles the native part for such an interpreter, which need not be here.
fn free_threaded(folder: &Path, target: &Path) -> Result<(), String> {
    let config = target.join("free-threaded.txt");
    std::fs::write(&config, FREE_THREADED).map_err(|error| format!("{}: {error}", config.display()))?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(folder).args(["check", "--locked"]).env("PYO3_CONFIG_FILE", &config);
    check(cargo.env("CARGO_TARGET_DIR", target.join("free-threaded")))
}

fn only_wheel(folder: &Path) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut wheels =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "whl"));
    wheels.next().ok_or_else(|| format!("no wheel in {}", folder.display()))
}
