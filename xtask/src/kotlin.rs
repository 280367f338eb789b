//! The Kotlin of `mobile/android`, of the example app and of the documents, compiled on this machine's JVM.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::{collect, make, read, remove, write};
use crate::toolchain::{check, host_target_dir, root};

/// The compiler for the JVM, with its library and that of coroutines.
const COMPILER: &str = "kotlin-compiler@2.4.20";
const SOURCES: &str = "mobile/android/albert/src/main";
/// The page whose blocks are compiled, each as the body of a function.
const PAGE: &str = "docs/mobile.md";
/// The example app.
const APP: &str = "mobile/examples/android/app/src/main/kotlin";
/// What the Kotlin uses of Android, which is not here: its declarations.
const ANDROID: &str = "xtask/android";

/// Compiles the Java classes, then all of the Kotlin against them.
pub(crate) fn run() -> Result<(), String> {
    let folder = host_target_dir().join("kotlin");
    let compiler = compiler(&folder)?;
    let work = folder.join("work");
    remove(&work)?;
    let classes = work.join("classes");
    make(&classes)?;
    let mut java = Vec::new();
    collect(&root().join(SOURCES).join("java"), &mut java)?;
    collect(&root().join(ANDROID), &mut java)?;
    check(Command::new("javac").args(["-Xlint:all", "--release", "17", "-d"]).arg(&classes).args(java))?;

    let blocks = blocks()?;
    let count = blocks.len();
    let mut kotlin = Vec::new();
    collect(&root().join(SOURCES).join("kotlin"), &mut kotlin)?;
    collect(&root().join(APP), &mut kotlin)?;
    for (number, block) in blocks.into_iter().enumerate() {
        let path = work.join(format!("Block{number}.kt"));
        let imports = "import android.content.res.AssetManager\nimport io.github.albertedge.*\n";
        write(&path, format!("{imports}\nsuspend fun block{number}(assets: AssetManager) {{\n{block}}}\n"))?;
        kotlin.push(path);
    }
    let jar = |name: &str| compiler.join(name).with_extension("jar");
    let libraries = ["kotlin-compiler", "kotlin-stdlib", "kotlin-script-runtime", "kotlin-reflect"];
    let libraries =
        libraries.into_iter().chain(["kotlin-daemon-client", "annotations-13.0", "kotlinx-coroutines-core-jvm"]);
    let mut kotlinc = Command::new("java");
    kotlinc.arg("-cp").arg(joined(libraries.map(jar))?).arg("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler");
    kotlinc.args(["-no-stdlib", "-no-reflect", "-jvm-target", "17", "-cp"]);
    kotlinc.arg(joined([classes.clone(), jar("kotlin-stdlib"), jar("kotlinx-coroutines-core-jvm")])?);
    check(kotlinc.arg("-d").arg(&classes).args(&kotlin))?;
    println!("Kotlin: {} files, of them {count} blocks of {PAGE}", kotlin.len());
    Ok(())
}

/// The compiler's jars, from the registry of npm when they are not here yet.
fn compiler(folder: &Path) -> Result<PathBuf, String> {
    let jars = folder.join("node_modules/kotlin-compiler/lib");
    if !jars.join("kotlin-compiler.jar").exists() {
        make(folder)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
        check(npm.arg(folder).arg(COMPILER))?;
    }
    Ok(jars)
}

fn blocks() -> Result<Vec<String>, String> {
    let page = read(&root().join(PAGE))?;
    let blocks = page.split("\n```").skip(1).step_by(2);
    let blocks: Vec<String> =
        blocks.filter_map(|block| Some(format!("{}\n", block.strip_prefix("kotlin\n")?))).collect();
    if blocks.is_empty() { Err(format!("{PAGE} has no Kotlin")) } else { Ok(blocks) }
}

fn joined(paths: impl IntoIterator<Item = PathBuf>) -> Result<std::ffi::OsString, String> {
    std::env::join_paths(paths).map_err(|error| error.to_string())
}
