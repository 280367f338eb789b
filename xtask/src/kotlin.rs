//! The Kotlin of `mobile/android` and of the documents, compiled on this machine's JVM.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::{make, read, remove, write};
use crate::toolchain::{check, host_target_dir, root};

/// The compiler for the JVM, with its library and that of coroutines.
const COMPILER: &str = "kotlin-compiler@2.4.20";
const SOURCES: &str = "mobile/android/albert/src/main";
/// The page whose blocks are compiled, each as the body of a function.
const PAGE: &str = "docs/mobile.md";
/// What `Assets.kt` and the blocks use of Android, which is not here: its declarations.
const ANDROID: [(&str, &str); 2] = [
    (
        "AssetManager",
        "public final class AssetManager {\n    public AssetFileDescriptor openFd(String name) throws java.io.IOException { throw new java.io.IOException(name); }\n}\n",
    ),
    (
        "AssetFileDescriptor",
        "public class AssetFileDescriptor implements java.io.Closeable {
    public java.io.FileDescriptor getFileDescriptor() { return null; }
    public long getStartOffset() { return 0; }
    public long getLength() { return 0; }
    @Override public void close() throws java.io.IOException {}\n}\n",
    ),
];

/// Compiles the Java classes, then all of the Kotlin against them.
pub(crate) fn run() -> Result<(), String> {
    let folder = host_target_dir().join("kotlin");
    let compiler = compiler(&folder)?;
    let work = folder.join("work");
    remove(&work)?;
    let classes = work.join("classes");
    make(&classes)?;
    let mut java: Vec<PathBuf> = files(&root().join(SOURCES).join("java/io/github/albertedge"))?;
    for (name, text) in ANDROID {
        let path = work.join(name).with_extension("java");
        write(&path, format!("package android.content.res;\n\n{text}"))?;
        java.push(path);
    }
    check(Command::new("javac").args(["-Xlint:all", "--release", "17", "-d"]).arg(&classes).args(java))?;

    let blocks = blocks()?;
    let count = blocks.len();
    let mut kotlin = files(&root().join(SOURCES).join("kotlin/io/github/albertedge"))?;
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

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

fn joined(paths: impl IntoIterator<Item = PathBuf>) -> Result<std::ffi::OsString, String> {
    std::env::join_paths(paths).map_err(|error| error.to_string())
}
